print(io, os.getenv, os.execute, loadfile, dofile, load, loadstring, debug, package, require and pcall(require, "/etc/passwd"), pcall(require, "../../../etc/passwd"))
