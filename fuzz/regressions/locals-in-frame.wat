;; seed: 7
;; So many locals live across so many joints that they are in the frame.
(module
  (global $left (mut i32) (i32.const 5000))
  (func (export "f") (param $p i32) (param $q f64) (param $e externref) (result i32 i64 f64 externref)
    (local i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref i32 i64 f64 externref)
    (local.set 3 (i32.add (local.get $p) (i32.const 0)))
    (local.set 4 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 1))))
    (local.set 5 (f64.add (local.get $q) (f64.const 2)))
    (local.set 6 (local.get $e))
    (local.set 7 (i32.add (local.get $p) (i32.const 4)))
    (local.set 8 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 5))))
    (local.set 9 (f64.add (local.get $q) (f64.const 6)))
    (local.set 11 (i32.add (local.get $p) (i32.const 8)))
    (local.set 12 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 9))))
    (local.set 13 (f64.add (local.get $q) (f64.const 10)))
    (local.set 14 (local.get $e))
    (local.set 15 (i32.add (local.get $p) (i32.const 12)))
    (local.set 16 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 13))))
    (local.set 17 (f64.add (local.get $q) (f64.const 14)))
    (local.set 19 (i32.add (local.get $p) (i32.const 16)))
    (local.set 20 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 17))))
    (local.set 21 (f64.add (local.get $q) (f64.const 18)))
    (local.set 22 (local.get $e))
    (local.set 23 (i32.add (local.get $p) (i32.const 20)))
    (local.set 24 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 21))))
    (local.set 25 (f64.add (local.get $q) (f64.const 22)))
    (local.set 27 (i32.add (local.get $p) (i32.const 24)))
    (local.set 28 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 25))))
    (local.set 29 (f64.add (local.get $q) (f64.const 26)))
    (local.set 30 (local.get $e))
    (local.set 31 (i32.add (local.get $p) (i32.const 28)))
    (local.set 32 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 29))))
    (local.set 33 (f64.add (local.get $q) (f64.const 30)))
    (local.set 35 (i32.add (local.get $p) (i32.const 32)))
    (local.set 36 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 33))))
    (local.set 37 (f64.add (local.get $q) (f64.const 34)))
    (local.set 38 (local.get $e))
    (local.set 39 (i32.add (local.get $p) (i32.const 36)))
    (local.set 40 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 37))))
    (local.set 41 (f64.add (local.get $q) (f64.const 38)))
    (local.set 43 (i32.add (local.get $p) (i32.const 40)))
    (local.set 44 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 41))))
    (local.set 45 (f64.add (local.get $q) (f64.const 42)))
    (local.set 46 (local.get $e))
    (local.set 47 (i32.add (local.get $p) (i32.const 44)))
    (local.set 48 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 45))))
    (local.set 49 (f64.add (local.get $q) (f64.const 46)))
    (local.set 51 (i32.add (local.get $p) (i32.const 48)))
    (local.set 52 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 49))))
    (local.set 53 (f64.add (local.get $q) (f64.const 50)))
    (local.set 54 (local.get $e))
    (local.set 55 (i32.add (local.get $p) (i32.const 52)))
    (local.set 56 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 53))))
    (local.set 57 (f64.add (local.get $q) (f64.const 54)))
    (local.set 59 (i32.add (local.get $p) (i32.const 56)))
    (local.set 60 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 57))))
    (local.set 61 (f64.add (local.get $q) (f64.const 58)))
    (local.set 62 (local.get $e))
    (local.set 63 (i32.add (local.get $p) (i32.const 60)))
    (local.set 64 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 61))))
    (local.set 65 (f64.add (local.get $q) (f64.const 62)))
    (local.set 67 (i32.add (local.get $p) (i32.const 64)))
    (local.set 68 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 65))))
    (local.set 69 (f64.add (local.get $q) (f64.const 66)))
    (local.set 70 (local.get $e))
    (local.set 71 (i32.add (local.get $p) (i32.const 68)))
    (local.set 72 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 69))))
    (local.set 73 (f64.add (local.get $q) (f64.const 70)))
    (local.set 75 (i32.add (local.get $p) (i32.const 72)))
    (local.set 76 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 73))))
    (local.set 77 (f64.add (local.get $q) (f64.const 74)))
    (local.set 78 (local.get $e))
    (local.set 79 (i32.add (local.get $p) (i32.const 76)))
    (local.set 80 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 77))))
    (local.set 81 (f64.add (local.get $q) (f64.const 78)))
    (local.set 83 (i32.add (local.get $p) (i32.const 80)))
    (local.set 84 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 81))))
    (local.set 85 (f64.add (local.get $q) (f64.const 82)))
    (local.set 86 (local.get $e))
    (local.set 87 (i32.add (local.get $p) (i32.const 84)))
    (local.set 88 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 85))))
    (local.set 89 (f64.add (local.get $q) (f64.const 86)))
    (local.set 91 (i32.add (local.get $p) (i32.const 88)))
    (local.set 92 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 89))))
    (local.set 93 (f64.add (local.get $q) (f64.const 90)))
    (local.set 94 (local.get $e))
    (local.set 95 (i32.add (local.get $p) (i32.const 92)))
    (local.set 96 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 93))))
    (local.set 97 (f64.add (local.get $q) (f64.const 94)))
    (local.set 99 (i32.add (local.get $p) (i32.const 96)))
    (local.set 100 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 97))))
    (local.set 101 (f64.add (local.get $q) (f64.const 98)))
    (local.set 102 (local.get $e))
    (local.set 103 (i32.add (local.get $p) (i32.const 100)))
    (local.set 104 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 101))))
    (local.set 105 (f64.add (local.get $q) (f64.const 102)))
    (local.set 107 (i32.add (local.get $p) (i32.const 104)))
    (local.set 108 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 105))))
    (local.set 109 (f64.add (local.get $q) (f64.const 106)))
    (local.set 110 (local.get $e))
    (local.set 111 (i32.add (local.get $p) (i32.const 108)))
    (local.set 112 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 109))))
    (local.set 113 (f64.add (local.get $q) (f64.const 110)))
    (local.set 115 (i32.add (local.get $p) (i32.const 112)))
    (local.set 116 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 113))))
    (local.set 117 (f64.add (local.get $q) (f64.const 114)))
    (local.set 118 (local.get $e))
    (local.set 119 (i32.add (local.get $p) (i32.const 116)))
    (local.set 120 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 117))))
    (local.set 121 (f64.add (local.get $q) (f64.const 118)))
    (local.set 123 (i32.add (local.get $p) (i32.const 120)))
    (local.set 124 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 121))))
    (local.set 125 (f64.add (local.get $q) (f64.const 122)))
    (local.set 126 (local.get $e))
    (local.set 127 (i32.add (local.get $p) (i32.const 124)))
    (local.set 128 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 125))))
    (local.set 129 (f64.add (local.get $q) (f64.const 126)))
    (local.set 131 (i32.add (local.get $p) (i32.const 128)))
    (local.set 132 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 129))))
    (local.set 133 (f64.add (local.get $q) (f64.const 130)))
    (local.set 134 (local.get $e))
    (local.set 135 (i32.add (local.get $p) (i32.const 132)))
    (local.set 136 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 133))))
    (local.set 137 (f64.add (local.get $q) (f64.const 134)))
    (local.set 139 (i32.add (local.get $p) (i32.const 136)))
    (local.set 140 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 137))))
    (local.set 141 (f64.add (local.get $q) (f64.const 138)))
    (local.set 142 (local.get $e))
    (local.set 143 (i32.add (local.get $p) (i32.const 140)))
    (local.set 144 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 141))))
    (local.set 145 (f64.add (local.get $q) (f64.const 142)))
    (local.set 147 (i32.add (local.get $p) (i32.const 144)))
    (local.set 148 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 145))))
    (local.set 149 (f64.add (local.get $q) (f64.const 146)))
    (local.set 150 (local.get $e))
    (local.set 151 (i32.add (local.get $p) (i32.const 148)))
    (local.set 152 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 149))))
    (local.set 153 (f64.add (local.get $q) (f64.const 150)))
    (local.set 155 (i32.add (local.get $p) (i32.const 152)))
    (local.set 156 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 153))))
    (local.set 157 (f64.add (local.get $q) (f64.const 154)))
    (local.set 158 (local.get $e))
    (local.set 159 (i32.add (local.get $p) (i32.const 156)))
    (local.set 160 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 157))))
    (local.set 161 (f64.add (local.get $q) (f64.const 158)))
    (local.set 163 (i32.add (local.get $p) (i32.const 160)))
    (local.set 164 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 161))))
    (local.set 165 (f64.add (local.get $q) (f64.const 162)))
    (local.set 166 (local.get $e))
    (local.set 167 (i32.add (local.get $p) (i32.const 164)))
    (local.set 168 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 165))))
    (local.set 169 (f64.add (local.get $q) (f64.const 166)))
    (local.set 171 (i32.add (local.get $p) (i32.const 168)))
    (local.set 172 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 169))))
    (local.set 173 (f64.add (local.get $q) (f64.const 170)))
    (local.set 174 (local.get $e))
    (local.set 175 (i32.add (local.get $p) (i32.const 172)))
    (local.set 176 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 173))))
    (local.set 177 (f64.add (local.get $q) (f64.const 174)))
    (local.set 179 (i32.add (local.get $p) (i32.const 176)))
    (local.set 180 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 177))))
    (local.set 181 (f64.add (local.get $q) (f64.const 178)))
    (local.set 182 (local.get $e))
    (local.set 183 (i32.add (local.get $p) (i32.const 180)))
    (local.set 184 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 181))))
    (local.set 185 (f64.add (local.get $q) (f64.const 182)))
    (local.set 187 (i32.add (local.get $p) (i32.const 184)))
    (local.set 188 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 185))))
    (local.set 189 (f64.add (local.get $q) (f64.const 186)))
    (local.set 190 (local.get $e))
    (local.set 191 (i32.add (local.get $p) (i32.const 188)))
    (local.set 192 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 189))))
    (local.set 193 (f64.add (local.get $q) (f64.const 190)))
    (local.set 195 (i32.add (local.get $p) (i32.const 192)))
    (local.set 196 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 193))))
    (local.set 197 (f64.add (local.get $q) (f64.const 194)))
    (local.set 198 (local.get $e))
    (local.set 199 (i32.add (local.get $p) (i32.const 196)))
    (local.set 200 (i64.extend_i32_s (i32.mul (local.get $p) (i32.const 197))))
    (local.set 201 (f64.add (local.get $q) (f64.const 198)))
    loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop loop 
    (local.set 7 (i32.add (local.get 7) (i32.xor (local.get 3) (local.get $p))))
    (local.set 8 (i64.sub (local.get 8) (local.get 4)))
    (local.set 9 (f64.add (local.get 9) (local.get 5)))
    (local.set 10 (local.get 6))
    (local.set 11 (i32.add (local.get 11) (i32.xor (local.get 7) (local.get $p))))
    (local.set 12 (i64.sub (local.get 12) (local.get 8)))
    (local.set 13 (f64.add (local.get 13) (local.get 9)))
    (local.set 14 (local.get 10))
    (local.set 15 (i32.add (local.get 15) (i32.xor (local.get 11) (local.get $p))))
    (local.set 16 (i64.sub (local.get 16) (local.get 12)))
    (local.set 17 (f64.add (local.get 17) (local.get 13)))
    (local.set 18 (local.get 14))
    (local.set 19 (i32.add (local.get 19) (i32.xor (local.get 15) (local.get $p))))
    (local.set 20 (i64.sub (local.get 20) (local.get 16)))
    (local.set 21 (f64.add (local.get 21) (local.get 17)))
    (local.set 22 (local.get 18))
    (local.set 23 (i32.add (local.get 23) (i32.xor (local.get 19) (local.get $p))))
    (local.set 24 (i64.sub (local.get 24) (local.get 20)))
    (local.set 25 (f64.add (local.get 25) (local.get 21)))
    (local.set 26 (local.get 22))
    (local.set 27 (i32.add (local.get 27) (i32.xor (local.get 23) (local.get $p))))
    (local.set 28 (i64.sub (local.get 28) (local.get 24)))
    (local.set 29 (f64.add (local.get 29) (local.get 25)))
    (local.set 30 (local.get 26))
    (local.set 31 (i32.add (local.get 31) (i32.xor (local.get 27) (local.get $p))))
    (local.set 32 (i64.sub (local.get 32) (local.get 28)))
    (local.set 33 (f64.add (local.get 33) (local.get 29)))
    (local.set 34 (local.get 30))
    (local.set 35 (i32.add (local.get 35) (i32.xor (local.get 31) (local.get $p))))
    (local.set 36 (i64.sub (local.get 36) (local.get 32)))
    (local.set 37 (f64.add (local.get 37) (local.get 33)))
    (local.set 38 (local.get 34))
    (local.set 39 (i32.add (local.get 39) (i32.xor (local.get 35) (local.get $p))))
    (local.set 40 (i64.sub (local.get 40) (local.get 36)))
    (local.set 41 (f64.add (local.get 41) (local.get 37)))
    (local.set 42 (local.get 38))
    (local.set 43 (i32.add (local.get 43) (i32.xor (local.get 39) (local.get $p))))
    (local.set 44 (i64.sub (local.get 44) (local.get 40)))
    (local.set 45 (f64.add (local.get 45) (local.get 41)))
    (local.set 46 (local.get 42))
    (local.set 47 (i32.add (local.get 47) (i32.xor (local.get 43) (local.get $p))))
    (local.set 48 (i64.sub (local.get 48) (local.get 44)))
    (local.set 49 (f64.add (local.get 49) (local.get 45)))
    (local.set 50 (local.get 46))
    (local.set 51 (i32.add (local.get 51) (i32.xor (local.get 47) (local.get $p))))
    (local.set 52 (i64.sub (local.get 52) (local.get 48)))
    (local.set 53 (f64.add (local.get 53) (local.get 49)))
    (local.set 54 (local.get 50))
    (local.set 55 (i32.add (local.get 55) (i32.xor (local.get 51) (local.get $p))))
    (local.set 56 (i64.sub (local.get 56) (local.get 52)))
    (local.set 57 (f64.add (local.get 57) (local.get 53)))
    (local.set 58 (local.get 54))
    (local.set 59 (i32.add (local.get 59) (i32.xor (local.get 55) (local.get $p))))
    (local.set 60 (i64.sub (local.get 60) (local.get 56)))
    (local.set 61 (f64.add (local.get 61) (local.get 57)))
    (local.set 62 (local.get 58))
    (local.set 63 (i32.add (local.get 63) (i32.xor (local.get 59) (local.get $p))))
    (local.set 64 (i64.sub (local.get 64) (local.get 60)))
    (local.set 65 (f64.add (local.get 65) (local.get 61)))
    (local.set 66 (local.get 62))
    (local.set 67 (i32.add (local.get 67) (i32.xor (local.get 63) (local.get $p))))
    (local.set 68 (i64.sub (local.get 68) (local.get 64)))
    (local.set 69 (f64.add (local.get 69) (local.get 65)))
    (local.set 70 (local.get 66))
    (local.set 71 (i32.add (local.get 71) (i32.xor (local.get 67) (local.get $p))))
    (local.set 72 (i64.sub (local.get 72) (local.get 68)))
    (local.set 73 (f64.add (local.get 73) (local.get 69)))
    (local.set 74 (local.get 70))
    (local.set 75 (i32.add (local.get 75) (i32.xor (local.get 71) (local.get $p))))
    (local.set 76 (i64.sub (local.get 76) (local.get 72)))
    (local.set 77 (f64.add (local.get 77) (local.get 73)))
    (local.set 78 (local.get 74))
    (local.set 79 (i32.add (local.get 79) (i32.xor (local.get 75) (local.get $p))))
    (local.set 80 (i64.sub (local.get 80) (local.get 76)))
    (local.set 81 (f64.add (local.get 81) (local.get 77)))
    (local.set 82 (local.get 78))
    (local.set 83 (i32.add (local.get 83) (i32.xor (local.get 79) (local.get $p))))
    (local.set 84 (i64.sub (local.get 84) (local.get 80)))
    (local.set 85 (f64.add (local.get 85) (local.get 81)))
    (local.set 86 (local.get 82))
    (local.set 87 (i32.add (local.get 87) (i32.xor (local.get 83) (local.get $p))))
    (local.set 88 (i64.sub (local.get 88) (local.get 84)))
    (local.set 89 (f64.add (local.get 89) (local.get 85)))
    (local.set 90 (local.get 86))
    (local.set 91 (i32.add (local.get 91) (i32.xor (local.get 87) (local.get $p))))
    (local.set 92 (i64.sub (local.get 92) (local.get 88)))
    (local.set 93 (f64.add (local.get 93) (local.get 89)))
    (local.set 94 (local.get 90))
    (local.set 95 (i32.add (local.get 95) (i32.xor (local.get 91) (local.get $p))))
    (local.set 96 (i64.sub (local.get 96) (local.get 92)))
    (local.set 97 (f64.add (local.get 97) (local.get 93)))
    (local.set 98 (local.get 94))
    (local.set 99 (i32.add (local.get 99) (i32.xor (local.get 95) (local.get $p))))
    (local.set 100 (i64.sub (local.get 100) (local.get 96)))
    (local.set 101 (f64.add (local.get 101) (local.get 97)))
    (local.set 102 (local.get 98))
    (local.set 103 (i32.add (local.get 103) (i32.xor (local.get 99) (local.get $p))))
    (local.set 104 (i64.sub (local.get 104) (local.get 100)))
    (local.set 105 (f64.add (local.get 105) (local.get 101)))
    (local.set 106 (local.get 102))
    (local.set 107 (i32.add (local.get 107) (i32.xor (local.get 103) (local.get $p))))
    (local.set 108 (i64.sub (local.get 108) (local.get 104)))
    (local.set 109 (f64.add (local.get 109) (local.get 105)))
    (local.set 110 (local.get 106))
    (local.set 111 (i32.add (local.get 111) (i32.xor (local.get 107) (local.get $p))))
    (local.set 112 (i64.sub (local.get 112) (local.get 108)))
    (local.set 113 (f64.add (local.get 113) (local.get 109)))
    (local.set 114 (local.get 110))
    (local.set 115 (i32.add (local.get 115) (i32.xor (local.get 111) (local.get $p))))
    (local.set 116 (i64.sub (local.get 116) (local.get 112)))
    (local.set 117 (f64.add (local.get 117) (local.get 113)))
    (local.set 118 (local.get 114))
    (local.set 119 (i32.add (local.get 119) (i32.xor (local.get 115) (local.get $p))))
    (local.set 120 (i64.sub (local.get 120) (local.get 116)))
    (local.set 121 (f64.add (local.get 121) (local.get 117)))
    (local.set 122 (local.get 118))
    (local.set 123 (i32.add (local.get 123) (i32.xor (local.get 119) (local.get $p))))
    (local.set 124 (i64.sub (local.get 124) (local.get 120)))
    (local.set 125 (f64.add (local.get 125) (local.get 121)))
    (local.set 126 (local.get 122))
    (local.set 127 (i32.add (local.get 127) (i32.xor (local.get 123) (local.get $p))))
    (local.set 128 (i64.sub (local.get 128) (local.get 124)))
    (local.set 129 (f64.add (local.get 129) (local.get 125)))
    (local.set 130 (local.get 126))
    (local.set 131 (i32.add (local.get 131) (i32.xor (local.get 127) (local.get $p))))
    (local.set 132 (i64.sub (local.get 132) (local.get 128)))
    (local.set 133 (f64.add (local.get 133) (local.get 129)))
    (local.set 134 (local.get 130))
    (local.set 135 (i32.add (local.get 135) (i32.xor (local.get 131) (local.get $p))))
    (local.set 136 (i64.sub (local.get 136) (local.get 132)))
    (local.set 137 (f64.add (local.get 137) (local.get 133)))
    (local.set 138 (local.get 134))
    (local.set 139 (i32.add (local.get 139) (i32.xor (local.get 135) (local.get $p))))
    (local.set 140 (i64.sub (local.get 140) (local.get 136)))
    (local.set 141 (f64.add (local.get 141) (local.get 137)))
    (local.set 142 (local.get 138))
    (local.set 143 (i32.add (local.get 143) (i32.xor (local.get 139) (local.get $p))))
    (local.set 144 (i64.sub (local.get 144) (local.get 140)))
    (local.set 145 (f64.add (local.get 145) (local.get 141)))
    (local.set 146 (local.get 142))
    (local.set 147 (i32.add (local.get 147) (i32.xor (local.get 143) (local.get $p))))
    (local.set 148 (i64.sub (local.get 148) (local.get 144)))
    (local.set 149 (f64.add (local.get 149) (local.get 145)))
    (local.set 150 (local.get 146))
    (local.set 151 (i32.add (local.get 151) (i32.xor (local.get 147) (local.get $p))))
    (local.set 152 (i64.sub (local.get 152) (local.get 148)))
    (local.set 153 (f64.add (local.get 153) (local.get 149)))
    (local.set 154 (local.get 150))
    (local.set 155 (i32.add (local.get 155) (i32.xor (local.get 151) (local.get $p))))
    (local.set 156 (i64.sub (local.get 156) (local.get 152)))
    (local.set 157 (f64.add (local.get 157) (local.get 153)))
    (local.set 158 (local.get 154))
    (local.set 159 (i32.add (local.get 159) (i32.xor (local.get 155) (local.get $p))))
    (local.set 160 (i64.sub (local.get 160) (local.get 156)))
    (local.set 161 (f64.add (local.get 161) (local.get 157)))
    (local.set 162 (local.get 158))
    (local.set 163 (i32.add (local.get 163) (i32.xor (local.get 159) (local.get $p))))
    (local.set 164 (i64.sub (local.get 164) (local.get 160)))
    (local.set 165 (f64.add (local.get 165) (local.get 161)))
    (local.set 166 (local.get 162))
    (local.set 167 (i32.add (local.get 167) (i32.xor (local.get 163) (local.get $p))))
    (local.set 168 (i64.sub (local.get 168) (local.get 164)))
    (local.set 169 (f64.add (local.get 169) (local.get 165)))
    (local.set 170 (local.get 166))
    (local.set 171 (i32.add (local.get 171) (i32.xor (local.get 167) (local.get $p))))
    (local.set 172 (i64.sub (local.get 172) (local.get 168)))
    (local.set 173 (f64.add (local.get 173) (local.get 169)))
    (local.set 174 (local.get 170))
    (local.set 175 (i32.add (local.get 175) (i32.xor (local.get 171) (local.get $p))))
    (local.set 176 (i64.sub (local.get 176) (local.get 172)))
    (local.set 177 (f64.add (local.get 177) (local.get 173)))
    (local.set 178 (local.get 174))
    (local.set 179 (i32.add (local.get 179) (i32.xor (local.get 175) (local.get $p))))
    (local.set 180 (i64.sub (local.get 180) (local.get 176)))
    (local.set 181 (f64.add (local.get 181) (local.get 177)))
    (local.set 182 (local.get 178))
    (local.set 183 (i32.add (local.get 183) (i32.xor (local.get 179) (local.get $p))))
    (local.set 184 (i64.sub (local.get 184) (local.get 180)))
    (local.set 185 (f64.add (local.get 185) (local.get 181)))
    (local.set 186 (local.get 182))
    (local.set 187 (i32.add (local.get 187) (i32.xor (local.get 183) (local.get $p))))
    (local.set 188 (i64.sub (local.get 188) (local.get 184)))
    (local.set 189 (f64.add (local.get 189) (local.get 185)))
    (local.set 190 (local.get 186))
    (local.set 191 (i32.add (local.get 191) (i32.xor (local.get 187) (local.get $p))))
    (local.set 192 (i64.sub (local.get 192) (local.get 188)))
    (local.set 193 (f64.add (local.get 193) (local.get 189)))
    (local.set 194 (local.get 190))
    (local.set 195 (i32.add (local.get 195) (i32.xor (local.get 191) (local.get $p))))
    (local.set 196 (i64.sub (local.get 196) (local.get 192)))
    (local.set 197 (f64.add (local.get 197) (local.get 193)))
    (local.set 198 (local.get 194))
    (local.set 199 (i32.add (local.get 199) (i32.xor (local.get 195) (local.get $p))))
    (local.set 200 (i64.sub (local.get 200) (local.get 196)))
    (local.set 201 (f64.add (local.get 201) (local.get 197)))
    (local.set 202 (local.get 198))
    (global.set $left (i32.sub (global.get $left) (i32.const 1))) (br_if 0 (i32.eq (i32.and (global.get $left) (i32.const 0xc00)) (i32.const 0))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (global.set $left (i32.sub (global.get $left) (i32.const 1))) (br_if 0 (i32.eq (i32.and (global.get $left) (i32.const 0xc00)) (i32.const 0))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (global.set $left (i32.sub (global.get $left) (i32.const 1))) (br_if 0 (i32.eq (i32.and (global.get $left) (i32.const 0xc00)) (i32.const 0))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (global.set $left (i32.sub (global.get $left) (i32.const 1))) (br_if 0 (i32.eq (i32.and (global.get $left) (i32.const 0xc00)) (i32.const 0))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (global.set $left (i32.sub (global.get $left) (i32.const 1))) (br_if 0 (i32.eq (i32.and (global.get $left) (i32.const 0xc00)) (i32.const 0))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (br_if 0 (i32.eqz (i32.and (global.get $left) (i32.const 0xffffff)))) (global.set $left (i32.sub (global.get $left) (i32.const 1))) end
    (local.get 199) (local.get 200) (local.get 201) (local.get 202)))
