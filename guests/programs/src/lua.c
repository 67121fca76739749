/* `lua SCRIPT [ARGUMENT...]` runs a Lua script.
 *
 * Lua ends a failing call by longjmp, which no WebAssembly without exceptions has. So LUAI_THROW is (see lua-end.h) the
 * end of the program: an error that no script catches is printed as by Lua itself, and pcall and coroutines, which need
 * to return from one, do not work. */
#include <stdio.h>
#include <stdlib.h>

#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

_Noreturn void lua_end(lua_State *L) {
    fprintf(stderr, "lua: %s\n", lua_tostring(L, -1));
    fflush(0);
    exit(1);
}

/* For errors outside every protected call. */
static int at_panic(lua_State *L) { lua_end(L); }

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: lua SCRIPT [ARGUMENT...]\n");
        return 2;
    }
    lua_State *L = luaL_newstate();
    lua_atpanic(L, at_panic);
    luaL_openlibs(L);
    lua_createtable(L, argc - 2, 2);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - 1);
    }
    lua_setglobal(L, "arg");
    if (luaL_loadfile(L, argv[1])) lua_end(L);
    lua_call(L, 0, 0);
    lua_close(L);
    return 0;
}
