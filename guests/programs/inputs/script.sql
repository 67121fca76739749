-- What SQLite's documentation or arithmetic says the answers are; with a file as the database it also works on disk.
PRAGMA journal_mode;
CREATE TABLE numbers (n INTEGER PRIMARY KEY, square INTEGER, word TEXT);
WITH RECURSIVE count(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM count WHERE i < 5000)
  INSERT INTO numbers SELECT i, i * i, printf('word %04d', i % 97) FROM count;
SELECT count(*), sum(n), sum(square), min(word), max(word) FROM numbers;
CREATE INDEX by_word ON numbers(word, square DESC);
EXPLAIN QUERY PLAN SELECT n FROM numbers WHERE word = 'word 0042';
SELECT n FROM numbers WHERE word = 'word 0042' ORDER BY square DESC LIMIT 3;
SELECT word, count(*), avg(n) FROM numbers GROUP BY word HAVING count(*) > 51 ORDER BY 1 LIMIT 5;
BEGIN;
DELETE FROM numbers WHERE n % 2 = 0;
SELECT count(*) FROM numbers;
ROLLBACK;
SELECT count(*) FROM numbers;
SAVEPOINT one;
UPDATE numbers SET word = upper(word) WHERE n < 10;
RELEASE one;
SELECT group_concat(word, ',') FROM numbers WHERE n < 4;
SELECT n, square, sum(n) OVER (ORDER BY n ROWS 2 PRECEDING), lag(n, 2, -1) OVER (ORDER BY n) FROM numbers WHERE n < 6;
SELECT typeof(1), typeof(1.0), typeof('x'), typeof(x'00'), typeof(NULL), 7/2, 7/2.0, 1 = 1.0, '1' = 1, NULL IS NULL;
SELECT abs(-5), round(2.567, 2), substr('SQLite', 2, 3), instr('SQLite', 'L'), hex('abc'), quote('it''s'), lower('ÄB');
SELECT 1e15, 0.1 + 0.2, 1.0 / 3, 9223372036854775807, -9223372036854775808, 9223372036854775807 + 1, cast('12abc' AS INTEGER);
SELECT sqrt(2), pow(2, 0.5) * pow(2, 0.5), degrees(pi()), log10(1000), mod(17, 5);
SELECT date('2024-02-28', '+2 days'), strftime('%j %W %s', '2000-03-01 12:34:56'), julianday('2000-01-01 12:00'), date('2023-01-31', '+1 month');
SELECT json_extract('{"a": [1, 2, {"b": "c"}]}', '$.a[2].b'), json_array(1, 'two', NULL, 3.5), json_type('[1]', '$[0]'), json_group_array(n) FROM numbers WHERE n < 5;
SELECT key, value FROM json_each('{"x": 1, "y": [2, 3]}');
CREATE VIRTUAL TABLE documents USING fts5(title, body);
INSERT INTO documents VALUES ('one', 'the quick brown fox'), ('two', 'jumps over the lazy dog'), ('three', 'quick quick dogs');
SELECT title, highlight(documents, 1, '<', '>') FROM documents WHERE documents MATCH 'quick' ORDER BY rank;
CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, y0, y1);
INSERT INTO boxes SELECT n, n, n + 2, n % 10, n % 10 + 1 FROM numbers WHERE n <= 1000;
SELECT id FROM boxes WHERE x0 <= 503 AND x1 >= 502 AND y0 <= 2 ORDER BY id;
CREATE TABLE log (what TEXT);
CREATE TRIGGER watch AFTER UPDATE ON numbers BEGIN INSERT INTO log VALUES (old.word || ' -> ' || new.word); END;
UPDATE numbers SET word = 'new' WHERE n IN (11, 12);
SELECT what FROM log ORDER BY 1;
CREATE TABLE parent (id INTEGER PRIMARY KEY);
CREATE TABLE child (id INTEGER, parent INTEGER REFERENCES parent(id) ON DELETE CASCADE);
PRAGMA foreign_keys = ON;
INSERT INTO parent VALUES (1), (2);
INSERT INTO child VALUES (1, 1), (2, 1), (3, 2);
DELETE FROM parent WHERE id = 1;
SELECT count(*), max(id) FROM child;
INSERT INTO parent VALUES (2) ON CONFLICT DO NOTHING;
SELECT id FROM parent;
WITH RECURSIVE xaxis(x) AS (VALUES(-2.0) UNION ALL SELECT x+0.05 FROM xaxis WHERE x<1.2),
  yaxis(y) AS (VALUES(-1.0) UNION ALL SELECT y+0.1 FROM yaxis WHERE y<1.0),
  m(iter, cx, cy, x, y) AS (SELECT 0, x, y, 0.0, 0.0 FROM xaxis, yaxis
    UNION ALL SELECT iter+1, cx, cy, x*x-y*y + cx, 2.0*x*y + cy FROM m WHERE (x*x + y*y) < 4.0 AND iter<28),
  m2(iter, cx, cy) AS (SELECT max(iter), cx, cy FROM m GROUP BY cx, cy),
  a(t) AS (SELECT group_concat(substr(' .+*#', 1+min(iter/7,4), 1), '') FROM m2 GROUP BY cy)
  SELECT group_concat(rtrim(t), char(10)) FROM a;
SELECT x'53514c697465' = cast('SQLite' AS BLOB), length(zeroblob(1000)), length(randomblob(16)), total_changes() > 5000;
PRAGMA integrity_check;
DROP TABLE numbers;
VACUUM;
PRAGMA page_count;
SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'documents%' AND name NOT LIKE 'boxes%';
