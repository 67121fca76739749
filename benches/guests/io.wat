;; Files and folders by way of WASI: a file of 1 MiB, read and written in blocks, and a folder of
;; many entries. Descriptor 3 is the folder that they are in. src/io.rs does the same natively.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pread" (func $pread (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get"
    (func $stat (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 16) "data")
  (data (i32.const 32) "out")
  (data (i32.const 48) "folder")
  ;; 0: what was opened; 4: how much; 8: a place or an address and a length. Bytes from 65536 on.

  (func $ok (param i32) (if (local.get 0) (then unreachable)))

  (func $open (param $path i32) (param $len i32) (param $oflags i32) (param $rights i64) (result i32)
    (call $ok (call $path_open (i32.const 3) (i32.const 0) (local.get $path) (local.get $len)
      (local.get $oflags) (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 0)))
    (i32.load (i32.const 0)))

  (func $iovec (param $len i32)
    (i32.store (i32.const 8) (i32.const 65536))
    (i32.store (i32.const 12) (local.get $len)))

  ;; Reads the file $n times, in blocks of $block bytes.
  (func (export "read") (param $n i64) (param $block i32) (result i64)
    (local $fd i32) (local $sum i64)
    (local.set $fd (call $open (i32.const 16) (i32.const 4) (i32.const 0) (i64.const 0x26)))
    (loop $again
      (call $ok (call $seek (local.get $fd) (i64.const 0) (i32.const 0) (i32.const 8)))
      (call $iovec (local.get $block))
      (loop $more
        (call $ok (call $read (local.get $fd) (i32.const 8) (i32.const 1) (i32.const 4)))
        (local.set $sum (i64.add (local.get $sum) (i64.load32_u (i32.const 4))))
        (br_if $more (i32.load (i32.const 4))))
      (br_if $again (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
    (call $ok (call $close (local.get $fd)))
    (local.get $sum))

  ;; Reads a kilobyte $n times, each at another place.
  (func (export "pread") (param $n i64) (result i64)
    (local $fd i32) (local $sum i64)
    (local.set $fd (call $open (i32.const 16) (i32.const 4) (i32.const 0) (i64.const 0x26)))
    (call $iovec (i32.const 1024))
    (loop $again
      (call $ok (call $pread (local.get $fd) (i32.const 8) (i32.const 1)
        (i64.shl (i64.and (local.get $n) (i64.const 1023)) (i64.const 10)) (i32.const 4)))
      (local.set $sum (i64.add (local.get $sum) (i64.load32_u (i32.const 4))))
      (br_if $again (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
    (call $ok (call $close (local.get $fd)))
    (local.get $sum))

  ;; Writes a file of 1 MiB $n times, in blocks of $block bytes.
  (func (export "write") (param $n i64) (param $block i32) (result i64)
    (local $fd i32) (local $sum i64) (local $left i32)
    (local.set $fd (call $open (i32.const 32) (i32.const 3) (i32.const 9) (i64.const 0x64)))
    (loop $again
      (call $ok (call $seek (local.get $fd) (i64.const 0) (i32.const 0) (i32.const 8)))
      (call $iovec (local.get $block))
      (local.set $left (i32.const 0x100000))
      (loop $more
        (call $ok (call $write (local.get $fd) (i32.const 8) (i32.const 1) (i32.const 4)))
        (local.set $sum (i64.add (local.get $sum) (i64.load32_u (i32.const 4))))
        (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.load (i32.const 4))))))
      (br_if $again (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
    (call $ok (call $close (local.get $fd)))
    (local.get $sum))

  ;; Lists the folder $n times; how many bytes of names there are.
  (func (export "readdir") (param $n i64) (result i64)
    (local $fd i32) (local $sum i64) (local $cookie i64) (local $at i32) (local $end i32)
    (loop $again
      (local.set $fd (call $open (i32.const 48) (i32.const 6) (i32.const 2) (i64.const 0x4000)))
      (local.set $cookie (i64.const 0))
      (block $done
        (loop $more
          (call $ok (call $readdir (local.get $fd) (i32.const 65536) (i32.const 32768)
            (local.get $cookie) (i32.const 4)))
          (local.set $at (i32.const 65536))
          (local.set $end (i32.add (i32.const 65536) (i32.load (i32.const 4))))
          (block $last
            (loop $entry
              ;; An entry is 24 bytes and its name; the last one may be cut off.
              (br_if $last (i32.gt_u (i32.add (local.get $at) (i32.const 24)) (local.get $end)))
              (br_if $last (i32.gt_u (i32.add (i32.add (local.get $at) (i32.const 24))
                (i32.load offset=16 (local.get $at))) (local.get $end)))
              (local.set $cookie (i64.load (local.get $at)))
              (local.set $sum
                (i64.add (local.get $sum) (i64.load32_u offset=16 (local.get $at))))
              (local.set $at (i32.add (i32.add (local.get $at) (i32.const 24))
                (i32.load offset=16 (local.get $at))))
              (br $entry)))
          (br_if $done (i32.lt_u (i32.load (i32.const 4)) (i32.const 32768)))
          (br $more)))
      (call $ok (call $close (local.get $fd)))
      (br_if $again (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
    (local.get $sum))

  ;; Opens and closes the file $n times.
  (func (export "open") (param $n i64)
    (loop $again
      (call $ok (call $close
        (call $open (i32.const 16) (i32.const 4) (i32.const 0) (i64.const 0x26))))
      (br_if $again (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))))

  ;; Asks what the file is.
  (func (export "stat") (param $n i64) (result i64)
    (local $sum i64)
    (loop $again
      (call $ok (call $stat (i32.const 3) (i32.const 1) (i32.const 16) (i32.const 4) (i32.const 128)))
      (local.set $sum (i64.add (local.get $sum) (i64.load offset=32 (i32.const 128))))
      (br_if $again (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
    (local.get $sum))

  ;; Looks at the monotonic clock.
  (func (export "time") (param $n i64)
    (loop $again
      (call $ok (call $time (i32.const 1) (i64.const 0) (i32.const 8)))
      (br_if $again (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))))
)
