-- The statements of the PostgreSQL documentation's tutorial (part I, chapters 1 to 3), in its order.
-- Each belongs to a role: the administrator makes and drops what it is about, the user does the
-- rest. `refused` names the rule by which one of them is not served.

-- chapter: 1.4 accessing a database
-- by: user
SELECT version();
SELECT current_date;
SELECT 2 + 2;

-- chapter: 2.3 creating a new table
-- by: administrator
CREATE TABLE weather (
    city            varchar(80),
    temp_lo         int,           -- low temperature
    temp_hi         int,           -- high temperature
    prcp            real,          -- precipitation
    date            date
);
CREATE TABLE cities (
    name            varchar(80),
    location        point
);
CREATE TABLE tablename (a int);
DROP TABLE tablename;
GRANT SELECT, INSERT, UPDATE, DELETE ON weather, cities TO desk;

-- chapter: 2.4 populating a table with rows
-- by: user
INSERT INTO weather VALUES ('San Francisco', 46, 50, 0.25, '1994-11-27');
INSERT INTO cities VALUES ('San Francisco', '(-194.0, 53.0)');
INSERT INTO weather (city, temp_lo, temp_hi, prcp, date)
    VALUES ('San Francisco', 43, 57, 0.0, '1994-11-29');
INSERT INTO weather (date, city, temp_hi, temp_lo)
    VALUES ('1994-11-29', 'Hayward', 54, 37);
-- refused: unsupported-syntax
COPY weather FROM '/home/user/weather.txt';

-- chapter: 2.5 querying a table
SELECT * FROM weather;
SELECT city, temp_lo, temp_hi, prcp, date FROM weather;
SELECT city, (temp_hi+temp_lo)/2 AS temp_avg, date FROM weather;
SELECT * FROM weather
    WHERE city = 'San Francisco' AND prcp > 0.0;
SELECT * FROM weather
    ORDER BY city;
SELECT * FROM weather
    ORDER BY city, temp_lo;
SELECT DISTINCT city
    FROM weather;
SELECT DISTINCT city
    FROM weather
    ORDER BY city;

-- chapter: 2.6 joins between tables
SELECT * FROM weather JOIN cities ON city = name;
SELECT city, temp_lo, temp_hi, prcp, date, location
    FROM weather JOIN cities ON city = name;
SELECT weather.city, weather.temp_lo, weather.temp_hi,
       weather.prcp, weather.date, cities.location
    FROM weather JOIN cities ON weather.city = cities.name;
SELECT *
    FROM weather, cities
    WHERE city = name;
SELECT *
    FROM weather LEFT OUTER JOIN cities ON weather.city = cities.name;
SELECT *
    FROM weather RIGHT OUTER JOIN cities ON weather.city = cities.name;
SELECT *
    FROM weather FULL OUTER JOIN cities ON weather.city = cities.name;
SELECT w1.city, w1.temp_lo AS low, w1.temp_hi AS high,
       w2.city, w2.temp_lo AS low, w2.temp_hi AS high
    FROM weather w1 JOIN weather w2
        ON w1.temp_lo < w2.temp_lo AND w1.temp_hi > w2.temp_hi;
SELECT *
    FROM weather w JOIN cities c ON w.city = c.name;

-- chapter: 2.7 aggregate functions
SELECT max(temp_lo) FROM weather;
SELECT city FROM weather WHERE temp_lo = max(temp_lo);
SELECT city FROM weather
    WHERE temp_lo = (SELECT max(temp_lo) FROM weather);
SELECT city, count(*), max(temp_lo)
    FROM weather
    GROUP BY city;
SELECT city, count(*), max(temp_lo)
    FROM weather
    GROUP BY city
    HAVING max(temp_lo) < 40;
SELECT city, count(*), max(temp_lo)
    FROM weather
    WHERE city LIKE 'S%'
    GROUP BY city
    HAVING max(temp_lo) < 40;
SELECT city, count(*) FILTER (WHERE temp_lo < 45), max(temp_lo)
    FROM weather
    GROUP BY city;

-- chapter: 2.8 updates
UPDATE weather
    SET temp_hi = temp_hi - 2,  temp_lo = temp_lo - 2
    WHERE date > '1994-11-28';
SELECT * FROM weather;

-- chapter: 2.9 deletions
DELETE FROM weather WHERE city = 'Hayward';
SELECT * FROM weather;
DELETE FROM weather;

-- chapter: 3.2 views
-- by: administrator
CREATE VIEW myview AS
    SELECT name, temp_lo, temp_hi, prcp, date, location
        FROM weather, cities
        WHERE city = name;
GRANT SELECT ON myview TO desk;
-- by: user
SELECT * FROM myview;

-- chapter: 3.3 foreign keys
-- by: administrator
DROP VIEW myview;
DROP TABLE weather;
DROP TABLE cities;
CREATE TABLE cities (
        name     varchar(80) primary key,
        location point
);
CREATE TABLE weather (
        city      varchar(80) references cities(name),
        temp_lo   int,
        temp_hi   int,
        prcp      real,
        date      date
);
GRANT SELECT, INSERT ON weather, cities TO desk;
-- by: user
INSERT INTO weather VALUES ('Berkeley', 45, 53, 0.0, '1994-11-28');
INSERT INTO cities VALUES ('Berkeley', '(-122.3, 37.9)');
INSERT INTO cities VALUES ('Berkeley', '(-122.3, 37.9)');
INSERT INTO weather VALUES ('Berkeley', 45, 53, 0.0, '1994-11-28');
SELECT * FROM weather;

-- chapter: 3.4 transactions
-- by: administrator
CREATE TABLE branches (name text PRIMARY KEY, balance numeric);
CREATE TABLE accounts (name text PRIMARY KEY, balance numeric, branch_name text REFERENCES branches);
GRANT SELECT, INSERT, UPDATE ON branches, accounts TO desk;
-- by: user
INSERT INTO branches VALUES ('North', 1000), ('South', 1000);
INSERT INTO accounts VALUES ('Alice', 500, 'North'), ('Bob', 500, 'South'), ('Wally', 500, 'South');
UPDATE accounts SET balance = balance - 100.00
    WHERE name = 'Alice';
UPDATE branches SET balance = balance - 100.00
    WHERE name = (SELECT branch_name FROM accounts WHERE name = 'Alice');
BEGIN;
UPDATE accounts SET balance = balance - 100.00
    WHERE name = 'Alice';
COMMIT;
BEGIN;
UPDATE accounts SET balance = balance - 100.00
    WHERE name = 'Alice';
SAVEPOINT my_savepoint;
UPDATE accounts SET balance = balance + 100.00
    WHERE name = 'Bob';
-- oops ... forget that and use Wally's account
ROLLBACK TO my_savepoint;
UPDATE accounts SET balance = balance + 100.00
    WHERE name = 'Wally';
COMMIT;
SELECT * FROM accounts ORDER BY name;
BEGIN;
UPDATE accounts SET balance = 0;
ROLLBACK;
SELECT * FROM accounts ORDER BY name;

-- chapter: 3.5 window functions
-- by: administrator
CREATE TABLE empsalary (depname text, empno int, salary int, enroll_date date);
GRANT SELECT, INSERT ON empsalary TO desk;
-- by: user
INSERT INTO empsalary VALUES
    ('develop', 11, 5200, '2007-08-01'), ('develop', 7, 4200, '2008-01-01'),
    ('develop', 9, 4500, '2008-01-01'), ('develop', 8, 6000, '2006-10-01'),
    ('develop', 10, 5200, '2007-08-01'), ('personnel', 5, 3500, '2007-12-10'),
    ('personnel', 2, 3900, '2006-12-23'), ('sales', 3, 4800, '2007-08-01'),
    ('sales', 1, 5000, '2006-10-01'), ('sales', 4, 4800, '2007-08-08');
SELECT depname, empno, salary, avg(salary) OVER (PARTITION BY depname) FROM empsalary;
SELECT depname, empno, salary,
       row_number() OVER (PARTITION BY depname ORDER BY salary DESC)
FROM empsalary;
SELECT depname, empno, salary,
       rank() OVER (PARTITION BY depname ORDER BY salary DESC)
FROM empsalary;
SELECT salary, sum(salary) OVER () FROM empsalary;
SELECT salary, sum(salary) OVER (ORDER BY salary) FROM empsalary;
SELECT depname, empno, salary, enroll_date
FROM
  (SELECT depname, empno, salary, enroll_date,
     row_number() OVER (PARTITION BY depname ORDER BY salary DESC, empno) AS pos
     FROM empsalary
  ) AS ss
WHERE pos < 3;
SELECT depname, empno, salary, enroll_date
FROM
  (SELECT depname, empno, salary, enroll_date,
          rank() OVER (PARTITION BY depname ORDER BY salary DESC, empno) AS pos
     FROM empsalary
  ) AS ss
WHERE pos < 3;
SELECT sum(salary) OVER w, avg(salary) OVER w
  FROM empsalary
  WINDOW w AS (PARTITION BY depname ORDER BY salary DESC);

-- chapter: 3.6 inheritance
-- by: administrator
DROP TABLE weather;
DROP TABLE cities;
CREATE TABLE capitals (
  name       text,
  population real,
  elevation  int,    -- (in ft)
  state      char(2)
);
CREATE TABLE non_capitals (
  name       text,
  population real,
  elevation  int     -- (in ft)
);
CREATE VIEW cities AS
  SELECT name, population, elevation FROM capitals
    UNION
  SELECT name, population, elevation FROM non_capitals;
GRANT SELECT ON cities TO desk;
-- by: user
SELECT * FROM cities;
-- by: administrator
DROP VIEW cities;
DROP TABLE capitals;
DROP TABLE non_capitals;
CREATE TABLE cities (
  name       text,
  population real,
  elevation  int     -- (in ft)
);
CREATE TABLE capitals (
  state      char(2) UNIQUE NOT NULL
) INHERITS (cities);
GRANT SELECT, INSERT, UPDATE, DELETE ON cities, capitals TO desk;
-- by: user
INSERT INTO cities VALUES ('Las Vegas', 2.583e+5, 2174), ('Mariposa', 1200, 1953);
INSERT INTO capitals VALUES ('Madison', 1.913e+5, 845, 'WI');
SELECT name, elevation
  FROM cities
  WHERE elevation > 500;
SELECT name, elevation
    FROM ONLY cities
    WHERE elevation > 500;
UPDATE cities SET elevation = elevation + 1 WHERE name = 'Madison';
DELETE FROM ONLY cities WHERE name = 'Mariposa';
SELECT * FROM cities;
-- by: administrator
DROP TABLE capitals;
DROP TABLE cities;
DROP TABLE empsalary;
DROP TABLE accounts;
DROP TABLE branches;
-- by: user
-- refused: unknown-relation
SELECT * FROM cities;
