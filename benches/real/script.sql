-- A shop: customers, goods, orders; made, indexed, asked, changed. All rows follow from arithmetic.
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE goods (id INTEGER PRIMARY KEY, name TEXT UNIQUE, price INTEGER);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, good INTEGER, pieces INTEGER, day TEXT);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
  INSERT INTO customers SELECT i, printf('customer %04d', i * 7919 % 10007), char(65 + i % 13) || 'ville' FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
  INSERT INTO goods SELECT i, printf('%s no. %d', substr('screwhammernails', 1 + i % 9, 5), i), 100 + i * 37 % 900 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
  INSERT INTO orders SELECT i, 1 + i * 2654435761 % 500, 1 + i * 40503 % 200, 1 + i % 5, date('2024-01-01', (i % 366) || ' days') FROM n;
COMMIT;
CREATE INDEX by_customer ON orders(customer, day);
CREATE INDEX by_good ON orders(good);
SELECT city, count(*), sum(pieces * price) AS worth FROM orders JOIN customers c ON c.id = customer JOIN goods g ON g.id = good
  GROUP BY city ORDER BY worth DESC;
SELECT c.name, (SELECT max(day) FROM orders o WHERE o.customer = c.id), (SELECT count(*) FROM orders o WHERE o.customer = c.id)
  FROM customers c WHERE c.name LIKE '%77%' ORDER BY 1;
SELECT strftime('%m', day) AS month, count(DISTINCT customer), round(avg(pieces), 3) FROM orders GROUP BY month ORDER BY month;
SELECT g.name, rank() OVER (ORDER BY sum(pieces) DESC, g.id) AS place FROM goods g JOIN orders o ON o.good = g.id GROUP BY g.id ORDER BY place LIMIT 10;
UPDATE goods SET price = price * 11 / 10 WHERE id IN (SELECT good FROM orders GROUP BY good HAVING count(*) > 30);
DELETE FROM orders WHERE customer IN (SELECT id FROM customers WHERE city = 'Cville');
SELECT count(*), sum(length(name)), group_concat(upper(substr(name, 1, 2)), '') FROM goods WHERE price % 3 = 0;
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO notes SELECT id, json_object('order', id, 'good', good, 'pieces', json_array(pieces, pieces + 1)) FROM orders WHERE id % 4 = 0;
SELECT sum(json_extract(body, '$.pieces[1]')), max(json_extract(body, '$.good')) FROM notes;
SELECT a.id, b.id FROM orders a JOIN orders b ON a.customer = b.customer AND a.day < b.day AND a.good = b.good ORDER BY 1, 2 LIMIT 20;
SELECT count(*) FROM orders WHERE day BETWEEN '2024-03-01' AND '2024-05-31' AND pieces IN (2, 3) AND id NOT IN (SELECT id FROM notes);
PRAGMA integrity_check;
