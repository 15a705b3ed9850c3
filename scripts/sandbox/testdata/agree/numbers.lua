-- Numbers as text and back.
for _, s in ipairs{ "1e3", "5e-3", "-0x10", "12345678901234567890", "010", "0b1", "0o7", "1_000", " 7 ", "\t8\n", "1e", "0x", "0xg", "1e+2",
  ".5", "5.", ".", "", " ", "--1", "+3", "- 1", "1 2", "0x1F", "1e400", "-1e400", "0x1p4", "0x.8", "inf", "nan", "infinity", "nil", "1e5x" } do
  print(s, (tostring(tonumber(s)):gsub("-nan", "nan")), pcall(function() return (s + 0 == s + 0) end))
end
for _, x in ipairs{ 1e21, 1e-7, 1e100, 0.1, 1 / 3, 2 ^ 53, 2 ^ 63, 1e14, 1e15, 123456789012345, -1e15, 100, 0.1 + 0.2, 3.14159265358979, 1e300 * 10, -1 / 0 } do
  print(x, tostring(x), x .. "", tonumber(tostring(x)) == x, string.format("%s %d %g", x, x % 1000, x))
end
local zero = 0
print(zero * -1, 1 / (zero * -1), -zero, zero / -5, -3 % 5, 5 % -3, 5.5 % 2, -5.5 % 2, 5 % 3.5, 2 ^ 10, 2 ^ -1, 10 ^ 2 == 100, 7 % math.huge == 7)
print("10" + 5, "3" * "4", "0x10" + 0, -"2", "1e1" / 2, "7" % 4, "2" ^ 3, " 5 " - 1, 10 .. 20)
print(tonumber("ff", 16), tonumber("0xff", 16), tonumber("777", 8), tonumber("zz", 36), tonumber("8", 8), tonumber("-11", 2) ~= nil, tonumber(5, 10))
print(math.huge == 1 / 0, -math.huge == -1 / 0, 1 / 0 > math.huge, math.huge, -math.huge)
print(math.floor(-1.5), math.ceil(-1.5), math.fmod(-5, 3), math.modf(3.7), math.modf(-3.7), math.modf(math.huge))
print(math.max(1, 3, 2), math.min("2", 1), math.abs("-5"), math.pow(2, 3), math.ldexp(1, 4), math.frexp(8))
print(string.format("%5d|%-5d|%05d|%+d|%x|%X|%o|%c|%e|%.3f|%g|%10.4s|%q|%%", 42, 42, 42, 42, 255, 255, 8, 65, 12345.678, 2 / 3, 1e20, "abcdefgh", 'a"b\n'))
print(string.format("%5.1f|%g|%g|%G|%i|%u|%5s|%-5s|%.0f|%#x", 3.14159, 1 / 0, -1 / 0, 1 / 0, 3.9, 7, "ab", "ab", 0.5, 255))
print(string.format("%s %s %5.2s|%s", "é", 5, "éa", 1e15), ("x"):rep(3), ("é"):upper() == "é", ("abc"):upper())
print(("%d"):format("10"), #tostring(12345.678))
