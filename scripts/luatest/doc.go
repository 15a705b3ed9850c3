// Package luatest runs the tests of a place's directory, tests/*_test.lua, and reports
// what became of them.
//
//	directory → watch.Read → scripts.NewLuaTest, one a file → Run, one a case → report
//
// What a test is, and what it can do, is package scripts' ([scripts.LuaTest]); this one
// knows of files, of which tests are wanted, and of how to say it to people.
package luatest
