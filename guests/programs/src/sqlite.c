/* A small shell for SQLite: `sqlite DATABASE` runs the SQL that standard input has and prints the rows, their
 * columns between bars. An error is printed and ends the program with 1, as SQLite's own shell does with -bail. */
#include <stdio.h>
#include <stdlib.h>

#include "sqlite3.h"

static int row(void *unused, int columns, char **values, char **names) {
    (void)unused, (void)names;
    for (int i = 0; i < columns; i++) printf("%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
    putchar('\n');
    return 0;
}

int main(int argc, char **argv) {
    sqlite3 *db;
    static char sql[1 << 20];
    size_t length = fread(sql, 1, sizeof sql - 1, stdin);
    sql[length] = 0;
    if (argc != 2 || sqlite3_open(argv[1], &db)) {
        fprintf(stderr, "cannot open the database\n");
        return 2;
    }
    char *message = 0;
    int status = sqlite3_exec(db, sql, row, 0, &message) != SQLITE_OK;
    if (status) fprintf(stderr, "error: %s\n", message);
    sqlite3_free(message);
    if (sqlite3_close(db)) {
        fprintf(stderr, "something is still open\n");
        return 3;
    }
    return status;
}
