import { type DdlObject, tableKey } from '../../../core/catalogue.ts';
import { type Identity, identify } from './identify.ts';
import { Relations } from './relations.ts';
import { stateTypes } from './schedule.ts';
import type { Statement } from './statements.ts';

/** What can be there without the relation that it is about. */
const describingTypes: ReadonlySet<string> = new Set([
  'ACL',
  'COMMENT',
  'OWNER',
  'SECURITY LABEL',
  'SEQUENCE',
  'SEQUENCE SET',
]);

/** Knows to which table each object belongs by what the statements of all say; learns from them before it is asked. */
export class Belonging {
  readonly #relations = new Relations();
  readonly #statistics = new Map<string, string>();

  learn(statements: readonly Statement[]): void {
    for (const { node } of statements) {
      if (node === null) continue;
      const identity = identify(node);
      this.#relations.learn(identity, node);
      const { type, object } = identity;
      if (type !== 'STATISTICS' || object?.on === undefined) continue;
      this.#statistics.set(tableKey({ schema: object.schema ?? '', name: object.name }), object.on);
    }
  }

  /** Whether the object belongs to the table that it says. */
  agrees(object: DdlObject, identity: Identity): boolean {
    const table = this.#tableOf(object, identity);
    if (table === object.table) return true;
    // What it describes may be left out of `objects`: who owns a sequence cannot be known then.
    const describes = describingTypes.has(object.type) && identity.object?.on === undefined;
    return table === null && describes && object.schema !== null;
  }

  #tableOf({ type, schema, name }: DdlObject, { object }: Identity): string | null {
    if (type === 'TABLE' || type === 'FOREIGN TABLE') return null;
    const about = object ?? (stateTypes.has(type) ? { schema, name, about: name } : null);
    if (about === null) return null;
    // An owner is changed together with what makes the object, and belongs to where that belongs.
    const isOther = type === 'OWNER' && about.about === undefined;
    const ofStatistics = isOther ? this.#statistics.get(tableKey({ schema: schema ?? '', name })) : undefined;
    return ofStatistics ?? this.#relations.tableOf(about);
  }
}
