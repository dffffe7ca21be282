import Type from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { reductions } from '../core/read-rules.ts';
import { compressions, jobModes } from '../core/request.ts';

/** The stored manifest of format versions 1 to 4. Unknown members are allowed: later writers may add some without a new version. */

const Size = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** No name, type or statement of a database holds a NUL. */
const Text = Type.String({ pattern: '^[^\\u0000]*$' });
const TextOrNull = Type.Union([Text, Type.Null()]);
const DigestText = Type.String({ pattern: '^sha256:[0-9a-f]{64}$' });
const FrameDigest = Type.String({ pattern: '^(?:stored-)?sha256:[0-9a-f]{64}$' });
/** Whether there is an engine that has it shows when rows are read. */
const EncodingWord = Type.String({ pattern: '^[a-z][a-z0-9-]*$' });

const frameMembers = {
  file: Text,
  offset: Size,
  length: Size,
  rawBytes: Size,
  digest: FrameDigest,
};
const Frame = Type.Object(frameMembers);

const Unit = Type.Object({ ...frameMembers, id: Text, rows: Size, variant: Text });

const Table = Type.Object({
  schema: Text,
  name: Text,
  tablespace: TextOrNull,
  columns: Type.Array(Type.Object({ name: Text, type: Text })),
  rows: Size,
  rawBytes: Size,
  encoding: EncodingWord,
  status: Type.Enum(['complete', 'failed']),
  error: TextOrNull,
  reduced: Type.Optional(Type.Array(Type.Enum([...reductions]), { minItems: 1, uniqueItems: true })),
  units: Type.Array(Unit),
});

const SchemaObject = Type.Object({
  section: Type.Enum(['pre', 'post']),
  type: Text,
  schema: TextOrNull,
  name: Text,
  table: TextOrNull,
  owner: TextOrNull,
  start: Size,
  end: Size,
});

const File = Type.Object({ name: Text, bytes: Size, digest: Type.Union([DigestText, Type.Null()]) });

const Layout = Type.Union([
  Type.Object({ form: Type.Enum(['folder', 'file']) }),
  Type.Object({ form: Type.Literal('pattern'), pattern: Text }),
]);

const Hex32 = Type.String({ pattern: '^[0-9a-f]{32}$' });
const Factor = Type.Integer({ minimum: 1, maximum: 2 ** 30 });

const Encryption = Type.Object({
  algorithm: Type.Literal('aes-256-gcm-segments'),
  keyDerivation: Type.Object({
    function: Type.Literal('scrypt'),
    n: Factor,
    r: Factor,
    p: Factor,
    salt: Hex32,
  }),
  check: Hex32,
});

const StoredManifest = Type.Object({
  format: Type.Literal('pumphouse-dump'),
  version: Type.Integer({ minimum: 1 }),
  layout: Layout,
  job: Type.Object({ id: Text, name: Text }),
  createdAt: Text,
  completedAt: Text,
  source: Type.Object({ engine: Text, serverVersion: Text, database: Text }),
  mode: Type.Enum([...jobModes]),
  encoding: EncodingWord,
  compression: Type.Enum([...compressions]),
  encryption: Type.Optional(Encryption),
  position: Type.Optional(Text),
  consistency: Type.Object({ kind: Type.Enum(['snapshot', 'table', 'none']), note: Text }),
  tables: Type.Array(Table),
  ddl: Type.Object({ pre: Frame, post: Frame }),
  objects: Type.Array(SchemaObject),
  files: Type.Array(File),
  mac: Type.Optional(Type.String({ pattern: '^hmac-sha256:[0-9a-f]{64}$' })),
});

let compiled: Validator | undefined;

/** The first fault of a parsed manifest as `at /tables/0/rows: must be integer`; null when its shape is right. */
export function manifestFault(value: unknown): string | null {
  compiled ??= Compile(StoredManifest) as unknown as Validator;
  if (compiled.Check(value)) return null;
  const [first] = compiled.Errors(value);
  return first === undefined ? 'has a wrong shape' : `at ${first.instancePath || '/'}: ${first.message}`;
}
