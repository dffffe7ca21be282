/** Roles of our own; each API maps its own words to these. */
export const roles = ['administrator', 'operator', 'developer', 'viewer'] as const;
export type Role = (typeof roles)[number];

export type Action =
  | 'export:start'
  | 'import:start'
  | 'verify:start'
  | 'job:read'
  | 'job:control'
  | 'job:prioritise' // a priority above 0: before the jobs of everybody else
  | 'dump:read'
  | 'dump:manage' // copy and delete dump sets
  | 'database:read'
  | 'database:manage'
  | 'database:configure' // what APIs keep about a database: settings, schedules
  | 'directory:read'
  | 'directory:manage'
  | 'credential:manage' // one's own
  | 'credential:any' // everybody's, and those that stand for the service's own keys
  | 'location:any' // storage URLs instead of named directories
  | 'backup:read' // policies, catalogue, schedules, events
  | 'backup:manage' // policies, starts, proofs, deletions; a restore needs import:start too
  | 'definition:read'
  | 'definition:manage' // definitions, scripts, resources, connections; runs, which need what their nodes need too
  | 'workspace:manage'
  | 'user:manage'
  | 'config:manage';

/** The grant that covers all databases, also those registered later. */
export const everyDatabase = '*';

/** Who asks. */
export interface Caller {
  readonly name: string;
  readonly role: Role;
  /** Names of the databases that a developer may use; {@link everyDatabase} among them means all. */
  readonly databases: readonly string[];
}

/** The command line in process, and the service's own work. */
export const localAdministrator: Caller = { name: 'local', role: 'administrator', databases: [] };

/** What an action is about; omit what does not apply. */
export interface Subject {
  readonly database?: string;
  /** The owner of the job concerned. */
  readonly owner?: string;
}

const everything: readonly Action[] = [
  'export:start',
  'import:start',
  'verify:start',
  'job:read',
  'job:control',
  'job:prioritise',
  'dump:read',
  'dump:manage',
  'database:read',
  'database:manage',
  'database:configure',
  'directory:read',
  'directory:manage',
  'credential:manage',
  'credential:any',
  'location:any',
  'backup:read',
  'backup:manage',
  'definition:read',
  'definition:manage',
  'workspace:manage',
  'user:manage',
  'config:manage',
];
const reading: readonly Action[] = [
  'job:read',
  'dump:read',
  'database:read',
  'directory:read',
  'backup:read',
  'definition:read',
];
const working: readonly Action[] = [
  ...reading,
  'export:start',
  'import:start',
  'verify:start',
  'job:control',
  'dump:manage',
  'database:configure',
  'credential:manage',
  'backup:manage',
  'definition:manage',
];

const actionsOf: Readonly<Record<Role, readonly Action[]>> = {
  administrator: everything,
  operator: [...working, 'job:prioritise'],
  developer: working,
  viewer: reading,
};

/**
 * Whether `caller` may do `action` on `subject`. Developers are held to the databases granted to them and,
 * where a job is concerned, to their own jobs.
 */
export function isAllowed(caller: Caller, action: Action, subject: Subject = {}): boolean {
  if (!actionsOf[caller.role].includes(action)) return false;
  if (caller.role !== 'developer') return true;
  if (subject.owner !== undefined && subject.owner !== caller.name) return false;
  if (subject.database === undefined || subject.database === '') return true;
  return caller.databases.includes(everyDatabase) || caller.databases.includes(subject.database);
}

/** The words that `--role` takes: our own, and those of ORDS. */
const roleWords: Readonly<Record<string, Role>> = {
  administrator: 'administrator',
  operator: 'operator',
  developer: 'developer',
  viewer: 'viewer',
  'sql administrator': 'administrator',
  'sql developer': 'developer',
};

/** The role of a word, without regard to case; null when there is none of that name. */
export function roleOfWord(word: string): Role | null {
  const key = word.trim().toLowerCase();
  return Object.hasOwn(roleWords, key) ? (roleWords[key] ?? null) : null;
}
