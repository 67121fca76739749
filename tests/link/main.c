/* A program of another language with guests linked in. */
void run(void);

int main(void) {
    run();
    return 0;
}
