import type { Registry } from '../registry/registry.ts';
import type { Service } from './service.ts';

/** How the audit trail's words for changes of what is registered begin; what APIs keep about databases counts as theirs. */
const prefixes = ['database:', 'directory:', 'credential:', 'user:', 'wallet:'];

/** Counts the changes in the audit trail, of which only what is new is read. */
export function createConfigurationRevision(
  registry: Pick<Registry, 'countAudit'>,
): Service['configurationRevision'] {
  let counted = { count: 0, newestSeq: 0 };
  return async () => {
    const before = counted;
    const { count, newestSeq } = await registry.countAudit(prefixes, before.newestSeq);
    // Two calls at once count the same entries, each from the same beginning.
    if (newestSeq >= counted.newestSeq) counted = { count: before.count + count, newestSeq };
    return before.count + count;
  };
}
