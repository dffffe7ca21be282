import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inMembershipOrder, type Membership } from './role-order.ts';

const roles = (...names: readonly string[]) => names.map((name) => ({ name }));
const member = (group: string, name: string, grantor: string | null = null): Membership => ({
  group,
  member: name,
  admin: false,
  inherit: null,
  set: null,
  grantor,
});
const order = (names: readonly string[], memberships: readonly Membership[]): string =>
  inMembershipOrder(roles(...names), memberships)
    .map(({ name }) => name)
    .join(' ');

describe('inMembershipOrder', () => {
  it('keeps the order of roles that have nothing to do with each other', () => {
    assert.equal(order(['a', 'b', 'c'], []), 'a b c');
  });

  it('puts a role behind its groups and behind those who let it in', () => {
    const memberships = [member('c', 'a', 'd'), member('b', 'c'), member('c', 'd')];
    assert.equal(order(['a', 'b', 'c', 'd'], memberships), 'b c d a');
  });

  it('takes groups that are not among the roles for made', () => {
    assert.equal(order(['a'], [member('pg_monitor', 'a', 'postgres')]), 'a');
  });

  it('gives every role once where grantors wait for each other', () => {
    assert.equal(order(['a', 'b'], [member('g', 'a', 'b'), member('g', 'b', 'a')]), 'b a');
  });

  it('follows a chain that is longer than the stack', () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `r${i}`);
    const memberships = names.slice(1).map((group, i) => member(group, names[i] as string));
    assert.equal(order(names, memberships), names.toReversed().join(' '));
  });
});
