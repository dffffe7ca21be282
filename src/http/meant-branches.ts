import type { TLocalizedValidationError } from 'typebox/error';

type Complaint = TLocalizedValidationError;

/** A branch of a union somewhere in a schema, as it was held against the value at one place. */
interface Branch {
  /** Schema path of the union: `#/properties/nodes/items/properties/action`. */
  readonly union: string;
  /** Schema path of the branch. */
  readonly path: string;
  /** Pointer to the value. */
  readonly at: string;
}

const branchPattern = /^(.*)\/anyOf\/\d+(?=\/|$)/;

/** The innermost branch that a complaint about one of its members is from; null: none. */
function branchOf(complaint: Complaint, at: string): Branch | null {
  const found = branchPattern.exec(complaint.schemaPath);
  return found === null ? null : { union: found[1] ?? '', path: found[0], at };
}

/** A constant member (`type`) that is another one: this branch was not meant. */
function unmeantBranch(complaint: Complaint): Branch | null {
  if (complaint.keyword !== 'const') return null;
  return branchOf(complaint, complaint.instancePath.replace(/\/[^/]*$/, ''));
}

const isFrom = ({ path, at }: Branch, complaint: Complaint): boolean =>
  (complaint.schemaPath === path || complaint.schemaPath.startsWith(`${path}/`)) &&
  (complaint.instancePath === at || complaint.instancePath.startsWith(`${at}/`));

/**
 * The complaints that are about what the caller meant. In a union of objects told apart by a constant member, wherever it stands, those
 * about the other branches are left out; where the member is no branch's, all that is left is that; where it is missing, that it is.
 */
export function ofMeantBranches(complaints: readonly Complaint[]): readonly Complaint[] {
  const unmeant = complaints.flatMap((complaint) => unmeantBranch(complaint) ?? []);
  const unions = new Map(unmeant.map((branch) => [`${branch.union} ${branch.at}`, branch]));
  let left = complaints;
  for (const { union, at } of unions.values()) {
    const within = left.filter((each) => isFrom({ union, path: `${union}/anyOf`, at }, each));
    const wrong = unmeant.filter((branch) => branch.union === union && branch.at === at);
    const others = within.filter((each) => wrong.every((branch) => !isFrom(branch, each)));
    // No branch has that word: which words there are is the one thing to say.
    const kept = others.length > 0 ? others : within.filter(({ keyword }) => keyword === 'const');
    left = left.filter((each) => !within.includes(each) || kept.includes(each));
  }
  return withoutDoubtfulBranches(left);
}

/** A member that every branch of a union misses is what tells them apart: nothing else can be said before it is there. */
function withoutDoubtfulBranches(complaints: readonly Complaint[]): readonly Complaint[] {
  const missing = complaints.find(
    (each) => each.keyword === 'required' && /\/anyOf\/\d+$/.test(each.schemaPath),
  );
  const branch = missing === undefined ? null : branchOf(missing, missing.instancePath);
  if (missing?.keyword !== 'required' || branch === null) return complaints;
  const whole = { ...branch, path: `${branch.union}/anyOf` };
  const within = complaints.filter((each) => isFrom(whole, each));
  const branches = new Map<string, readonly string[]>();
  for (const each of within) {
    const path = branchOf(each, branch.at)?.path;
    if (path === undefined) continue;
    const names =
      each.keyword === 'required' && each.schemaPath === path ? each.params.requiredProperties : [];
    branches.set(path, [...(branches.get(path) ?? []), ...names]);
  }
  const common = missing.params.requiredProperties.filter((name) =>
    [...branches.values()].every((names) => names.includes(name)),
  );
  if (branches.size < 2 || common.length === 0) return complaints;
  const told: Complaint = { ...missing, params: { requiredProperties: common } };
  return [told, ...complaints.filter((each) => !within.includes(each))];
}
