import { sizeText } from '../../../base/size-text.ts';
import type { Finding } from '../../../core/catalogue.ts';
import { type Address, addressText } from '../client/address.ts';
import { connect } from '../client/connection.ts';
import { askFacts, type ServerFacts } from '../client/server-facts.ts';
import type { RedisTarget } from '../database-url.ts';
import type { Masters } from './masters.ts';
import { rightFindings } from './rights.ts';

/** What would make an import fail or surprise. */
export async function targetFindings(
  target: RedisTarget,
  masters: Masters,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { addresses } = masters.route;
  const user = target.user ?? 'default';
  const findings = await Promise.all(
    addresses.map(async (address) => {
      await using connection = await connect(target, address, signal);
      const facts = await askFacts(connection, signal);
      return [
        ...(await rightFindings(connection, user, signal)),
        ...infoFindings(user, facts),
        ...roleFindings(address, facts),
        ...memoryFindings(address, facts),
        ...persistenceFindings(address, facts),
      ];
    }),
  );
  return [...unique(findings.flat()), ...clusterFindings(target, masters), versionFinding(masters.facts)];
}

/** Masters of a cluster mostly say the same. */
const unique = (findings: readonly Finding[]): readonly Finding[] => [
  ...new Map(findings.map((finding) => [`${finding.check} ${finding.message}`, finding])).values(),
];

function infoFindings(user: string, { version }: ServerFacts): readonly Finding[] {
  if (version !== '') return [];
  return [
    {
      level: 'amber',
      check: 'privilege',
      message: `The user ${user} of the target may not run INFO: memory, role and version of the target are not known.`,
      remedy: `ACL SETUSER ${user} +info`,
    },
  ];
}

function roleFindings(address: Address, facts: ServerFacts): readonly Finding[] {
  const where = addressText(address);
  if (facts.role === 'replica') {
    const master = facts.master === null ? 'its master' : `its master ${addressText(facts.master)}`;
    return [
      {
        level: 'red',
        check: 'role',
        message: `The target ${where} is a replica, which takes no writes.`,
        remedy: `Name ${master} in the database URL.`,
      },
    ];
  }
  if (!facts.isLoading) return [];
  return [
    {
      level: 'red',
      check: 'role',
      message: `The target ${where} is loading its data.`,
      remedy: 'Wait until it is done.',
    },
  ];
}

function memoryFindings(address: Address, facts: ServerFacts): readonly Finding[] {
  const { usedMemory, maxMemory, evictionPolicy } = facts;
  if (maxMemory === 0) return [];
  const where = addressText(address);
  const free = Math.max(0, maxMemory - usedMemory);
  const findings: Finding[] = [
    {
      level: free < maxMemory / 10 ? 'amber' : 'green',
      check: 'memory',
      message: `The target ${where} has ${sizeText(free)} of its maxmemory of ${sizeText(maxMemory)} left.`,
      remedy: 'An import that needs more stops with what it has written; raise maxmemory and resume it.',
    },
  ];
  if (evictionPolicy !== '' && evictionPolicy !== 'noeviction') {
    findings.push({
      level: 'amber',
      check: 'eviction',
      message: `The target ${where} evicts keys when its memory is full (${evictionPolicy}): those of the import too.`,
      remedy: 'Set maxmemory-policy noeviction for the import, or see that there is room.',
    });
  }
  return findings;
}

function persistenceFindings(address: Address, { info }: ServerFacts): readonly Finding[] {
  if (info.get('aof_enabled') !== '1') return [];
  return [
    {
      level: 'green',
      check: 'persistence',
      message: `The target ${addressText(address)} writes every key to its append-only file, too: its disk needs room for that.`,
      remedy: '',
    },
  ];
}

function clusterFindings(target: RedisTarget, { facts }: Masters): readonly Finding[] {
  if (facts.mode !== 'cluster' || target.database === null || target.database === 0) return [];
  if (Number(facts.info.get('cluster_databases') ?? 1) > target.database) return [];
  return [
    {
      level: 'red',
      check: 'databases',
      message: `The target is a cluster, which has no logical database ${target.database}.`,
      remedy: 'Leave the database out of the URL.',
    },
  ];
}

function versionFinding(facts: ServerFacts): Finding {
  const family = facts.family === 'valkey' ? 'Valkey' : 'Redis';
  return {
    level: 'green',
    check: 'version',
    message: `The target is ${family} ${facts.version === '' ? 'of an unknown version' : facts.version}; values of types that it does not know are written by commands.`,
    remedy: '',
  };
}
