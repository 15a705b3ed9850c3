-- Times of day and of year, in UTC.
for _, t in ipairs{ 0, 86400 * 45, 951782400, 1000000000, 1234567890, 1293840000, 1704067199, 4102444800, -86400 } do
  for _, f in ipairs{ "%a %A %b %B", "%c", "%d %D %e", "%F %T %R", "%H %I %M %S %p", "%j", "%U %W %V %G %g %u %w", "%x %X", "%y %Y %C", "%%", "%Z %z", "%n%t|", "%h %r", "plain %" } do
    if f ~= "plain %" then print(t, os.date("!" .. f, t)) end
  end
  local d = os.date("!*t", t)
  print(d.year, d.month, d.day, d.hour, d.min, d.sec, d.wday, d.yday, d.isdst)
  print(os.time{ year = d.year, month = d.month, day = d.day, hour = d.hour, min = d.min, sec = d.sec })
end
print(os.time{ year = 2024, month = 14, day = -3 }, os.time{ year = "2020", month = "2", day = 30, hour = 0 })
print(pcall(function() os.time{ year = 2024, month = 1 } end))
print(pcall(function() os.time{ year = 2024, day = 1 } end))
print(pcall(function() os.time{ month = 1, day = 1 } end))
print(type(os.time()), type(os.clock()), os.difftime(5, 3), #os.date() > 0)
