;; Another module for the same program, with a type in common.
(module $other
  (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (table (export "table") funcref (elem $add)))
