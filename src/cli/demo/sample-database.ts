import Database from 'better-sqlite3';

export interface SampleOptions {
  /** The same seed gives the same rows. */
  readonly seed?: number;
  /** Rows of the largest table, `order_items`; the other tables are in proportion. */
  readonly orderItems?: number;
}

export interface SampleDatabase {
  /** How many tables. */
  readonly tables: number;
  /** Of all tables together. */
  readonly rows: number;
  /** Of the file. */
  readonly bytes: number;
}

/** The shop has this many rows in its largest table unless told otherwise. */
export const defaultOrderItems = 520_000;

/**
 * Makes the database of a shop in a new file: related tables with keys, indexes, a view and a trigger, and values of every kind that
 * SQLite knows (NULL, the empty text, Unicode, tabs, newlines and backslashes, blobs, reals, 64-bit integers). Takes a few seconds.
 * Blocks the thread meanwhile. Throws SqliteError when the file exists and has tables, or cannot be written.
 */
export function createSampleDatabase(path: string, options: SampleOptions = {}): SampleDatabase {
  const { seed = 1, orderItems = defaultOrderItems } = options;
  const orders = Math.max(1, Math.floor(orderItems / 4));
  const customers = Math.max(1, Math.floor(orders / 10));
  const products = Math.max(1, Math.min(2_000, orders));
  const db = new Database(path);
  try {
    // A file that a crash leaves half-made is of no use anyway.
    db.pragma('synchronous = OFF');
    db.exec(`BEGIN; ${tables}`);
    // As BigInt, or SQLite would compute with reals.
    const whole = (values: Readonly<Record<string, number>>) =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, BigInt(value)]));
    const fill = (sql: string, rows: number) =>
      db.prepare(sql).run(whole({ seed, rows, products, orders, customers }));
    fill(fillCategories, categoryCount);
    fill(fillCustomers, customers);
    fill(fillProducts, products);
    fill(fillOrders, orders);
    fill(fillOrderItems, orderItems);
    fill(fillSettings, 0);
    db.exec(`${afterwards} COMMIT; ANALYZE;`);
    db.pragma('user_version = 3');
    const number = (sql: string): number => db.prepare<[], number>(sql).pluck().get() ?? 0;
    const names = ['categories', 'customers', 'products', 'orders', 'order_items', 'settings'];
    return {
      tables: names.length,
      rows: names.reduce((sum, name) => sum + number(`SELECT count(*) FROM ${name}`), 0),
      bytes: number('SELECT page_count * page_size FROM pragma_page_count, pragma_page_size'),
    };
  } finally {
    db.close();
  }
}

const categoryCount = 12;

const tables = `
CREATE TABLE categories (code TEXT PRIMARY KEY, title TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE customers (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  city TEXT,
  credit NUMERIC NOT NULL DEFAULT 0,
  joined_at DATETIME NOT NULL
);
CREATE TABLE products (
  id INTEGER PRIMARY KEY,
  category TEXT NOT NULL REFERENCES categories (code),
  title TEXT NOT NULL,
  description TEXT,
  weight REAL,
  price DECIMAL(10, 2) NOT NULL CHECK (price >= 0),
  gross AS (round(price * 1.19, 2)) STORED,
  picture BLOB
);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  ordered_at DATETIME NOT NULL,
  status TEXT NOT NULL,
  note TEXT
);
CREATE TABLE order_items (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders (id),
  product_id INTEGER NOT NULL REFERENCES products (id),
  quantity INTEGER NOT NULL,
  unit_price REAL NOT NULL,
  discount NUMERIC,
  barcode INTEGER NOT NULL,
  remark TEXT
);
CREATE TABLE settings (name, value);
`;

/** The whole numbers from 1 to :rows as n.i. */
const counted = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)';

/** A number from 0 to limit - 1 that looks like chance, and is the same for the same row, column and seed. */
const pick = (column: number, limit: string | number): string =>
  `(((n.i * 2654435761 + :seed * 40503 + ${column * 7919}) & 4294967295) * 48271 % 2147483647) % ${limit}`;

/** One of the given SQL values. */
const oneOf = (column: number, values: readonly string[]): string =>
  `CASE ${pick(column, values.length)} ${values.map((value, i) => `WHEN ${i} THEN ${value}`).join(' ')} END`;

const someDay = (column: number): string =>
  `datetime(1600000000 + ${pick(column, 150_000_000)}, 'unixepoch')`;

const fillCategories = `${counted} INSERT INTO categories SELECT printf('C%02d', i), 'Category ' || i FROM n`;

const fillCustomers = `${counted} INSERT INTO customers SELECT i,
  ${oneOf(1, ["'Ada'", "'Grace'", "'Zoë'", "'Łukasz'", "'Sinéad'", "'悠真'", "'Мария'", "'O''Brien'"])} || ' ' ||
  ${oneOf(2, ["'Novák'", "'Müller'", "'Smith'", "'Ferreira'", "'van den Berg'", "'Ω'", "'😀'", "'de la Cruz'"])},
  'customer' || i || '@example.org',
  ${oneOf(3, ["'Praha'", "'Zürich'", "'Lagos'", "'São Paulo'", "'東京'", 'NULL', "''"])},
  ${pick(4, 100_000)} / 100.0,
  ${someDay(5)} FROM n`;

const fillProducts = `${counted} INSERT INTO products (id, category, title, description, weight, price, picture) SELECT i,
  printf('C%02d', ${pick(1, categoryCount)} + 1),
  ${oneOf(2, ["'Lamp'", "'Chair'", "'Café table'", "'Tab' || char(9) || 'le'", "'Back\\slash'", "'Teapot ☕'"])} || ' no. ' || i,
  ${oneOf(3, ['NULL', "''", "'\\N'", "'Two' || char(10) || 'lines'", "'A long description, repeated. ' || hex(zeroblob(200))"])},
  CASE WHEN i % 11 = 0 THEN NULL ELSE ${pick(4, 1_000_000)} / 7.0 END,
  ${pick(5, 99_999)} / 100.0,
  CASE WHEN i % 3 = 0 THEN NULL ELSE CAST(printf('%.*c', ${pick(6, 300)}, char(65 + i % 26)) || CAST(x'0009ff' AS TEXT) AS BLOB) END FROM n`;

const fillOrders = `${counted} INSERT INTO orders SELECT i,
  ${pick(1, ':customers')} + 1,
  ${someDay(2)},
  ${oneOf(3, ["'open'", "'paid'", "'sent'", "'returned'"])},
  CASE WHEN i % 9 = 0 THEN 'Please ring' || char(10) || 'twice, order ' || i WHEN i % 100 = 1 THEN '' END FROM n`;

const fillOrderItems = `${counted} INSERT INTO order_items SELECT i,
  (i - 1) * :orders / :rows + 1,
  ${pick(1, ':products')} + 1,
  ${pick(2, 9)} + 1,
  ${pick(3, 99_999)} / 100.0,
  CASE i % 5 WHEN 0 THEN 0.05 WHEN 1 THEN 10 END,
  ${pick(4, 2_147_483_647)} * 4294967296 + i,
  CASE WHEN i % 20 = 0 THEN 'gift wrap' WHEN i % 333 = 0 THEN 'fragile 🏺' END FROM n`;

const fillSettings = `INSERT INTO settings VALUES
  ('none', NULL), ('empty', ''), ('null as text', '\\N'), ('one', 1), ('one as text', '1'), ('a third', 1.0 / 3),
  ('smallest', -9223372036854775808), ('largest', 9223372036854775807), ('tiny', 4.9e-324), ('infinite', 9e999),
  ('bytes', x'00ff5c0a09'), ('escapes', 'tab' || char(9) || 'newline' || char(10) || 'return' || char(13) || '\\'),
  ('emoji', '👩‍🚀'), ('seed', :seed + :rows)`;

const afterwards = `
CREATE INDEX customers_by_city ON customers (city, name);
CREATE UNIQUE INDEX customers_by_email ON customers (email);
CREATE INDEX orders_by_customer ON orders (customer_id);
CREATE INDEX order_items_by_order ON order_items (order_id);
CREATE INDEX order_items_with_remark ON order_items (remark) WHERE remark IS NOT NULL;
CREATE VIEW turnover AS
  SELECT c.id AS customer_id, c.name, sum(i.quantity * i.unit_price) AS total
  FROM customers c JOIN orders o ON o.customer_id = c.id JOIN order_items i ON i.order_id = o.id GROUP BY c.id;
CREATE TRIGGER order_items_reopen AFTER INSERT ON order_items
  BEGIN UPDATE orders SET status = 'open' WHERE id = NEW.order_id; END;
`;
