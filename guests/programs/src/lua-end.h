/* Declares what LUAI_THROW became; see lua.c. */
struct lua_State;
_Noreturn void lua_end(struct lua_State *L);
