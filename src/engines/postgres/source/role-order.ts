/** That a role is a member of another one. */
export interface Membership {
  readonly group: string;
  readonly member: string;
  readonly admin: boolean;
  /** Null: of a server that does not tell it of the membership. */
  readonly inherit: boolean | null;
  readonly set: boolean | null;
  /** Null: the first superuser, or of a server where it does not count. */
  readonly grantor: string | null;
}

/**
 * The roles such that each comes after the groups that it joins and after those who let it in. Where these wait for each
 * other in a circle, which memberships alone never do, the circle is cut at one of them.
 */
export function inMembershipOrder<R extends { readonly name: string }>(
  roles: readonly R[],
  memberships: readonly Membership[],
): readonly R[] {
  const byName = new Map(roles.map((role) => [role.name, role]));
  const ofMember = Map.groupBy(memberships, ({ member }) => member);
  const placed = new Set<R>();
  const begun = new Set<string>();
  for (const { name } of roles) {
    // Without recursion: a chain of roles can be longer than the stack.
    const path = [name];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      begun.add(top);
      const before = (ofMember.get(top) ?? []).flatMap(({ group, grantor }) => [group, grantor ?? group]);
      const next = before.find((each) => byName.has(each) && !begun.has(each));
      if (next !== undefined) {
        path.push(next);
        continue;
      }
      path.pop();
      const role = byName.get(top);
      if (role !== undefined) placed.add(role);
    }
  }
  return [...placed];
}
