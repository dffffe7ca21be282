import { type Backup, type BackupChoice, decisiveProof, isGood } from '../core/backup.ts';
import { AppError } from '../core/errors.ts';
import { isAfter, isPosition } from '../core/position.ts';
import { fieldInvalid, spell } from './input.ts';

/** Among what a choice is made: the entries of one database. */
export interface ChoiceOf {
  readonly database: string;
  readonly entries: readonly Backup[];
}

const hint = 'See pumphouse backup list.';

/**
 * The completed, undamaged backup that a choice means. Throws `backup-unknown` saying what there is instead, `backup-state` for one that was named
 * and cannot be used, `unsupported` for a position where no backup has one, `field-invalid` for a choice that cannot be read.
 */
export function chooseAmong(of: ChoiceOf, choice: BackupChoice): Backup {
  const good = goodOf(of.entries);
  switch (choice.type) {
    case 'latest':
      return good[0] ?? none(of, 'no backup that could be restored');
    case 'tag': {
      const found = of.entries.find(({ tag }) => tag === readTag(choice.tag));
      return usable(found ?? none(of, `no backup with the tag ${choice.tag}`));
    }
    case 'id': {
      const found = of.entries.find(({ id }) => id === choice.id);
      return usable(found ?? none(of, `no backup with the id ${spell(choice.id)}`));
    }
    case 'time': {
      const { notAfter } = choice;
      if (!Number.isSafeInteger(notAfter)) throw fieldInvalid('time', 'is no point in time', hint);
      const found = good.find(({ completedAt }) => completedAt !== null && completedAt <= notAfter);
      return found ?? none(of, `no backup that was completed by ${new Date(notAfter).toISOString()}`);
    }
    case 'position':
      return byPosition(of, good, choice.position);
    default:
      throw fieldInvalid(
        'choice',
        'says of no backup which one is meant',
        'Choose the latest, or one by its id, tag, time or position.',
      );
  }
}

/** Last completed first: of two that worked at the same time, the one that was asked for first may be the newer one. */
const goodOf = (entries: readonly Backup[]): readonly Backup[] =>
  entries.filter(isGood).sort((one, other) => (other.completedAt ?? 0) - (one.completedAt ?? 0));

/** The newest of those whose position is not after `position`. */
function byPosition(of: ChoiceOf, good: readonly Backup[], position: string): Backup {
  const positioned = good.flatMap((backup) =>
    backup.position !== null && isPosition(backup.position) ? [{ backup, at: backup.position }] : [],
  );
  if (positioned.length === 0) {
    throw new AppError('unsupported', {
      field: 'position',
      message: `No backup of ${of.database} says where in the history of the database it stands.`,
      hint: 'Choose it by its time, its tag or its id.',
    });
  }
  if (typeof position !== 'string' || !isPosition(position)) {
    throw fieldInvalid(
      'position',
      `is no place in the history of a database: ${spell(position)}`,
      'Write it as the server shows it: 16/B374D848.',
    );
  }
  const found = positioned.find(({ at }) => !isAfter(at, position));
  return found?.backup ?? none(of, `no backup that stands at ${position} or before`);
}

const readTag = (tag: unknown): string => {
  if (typeof tag === 'string' && tag !== '') return tag;
  throw fieldInvalid('tag', `must be a text, not ${spell(tag)}`, hint);
};

/** One that was named: what it is good for is told, rather than that another would do. */
function usable(backup: Backup): Backup {
  if (isGood(backup)) return backup;
  const name = `The backup ${backup.id} of ${backup.database}`;
  const proof = decisiveProof(backup);
  throw new AppError('backup-state', {
    field: 'backup',
    message:
      backup.state === 'completed'
        ? `${name} is damaged: ${proof?.message ?? 'its last proof failed.'}`
        : `${name} is ${backup.state}.`,
    hint: 'Choose another one: pumphouse backup list.',
  });
}

/** Tells what there is, so that nobody has to guess what another try needs. */
function none({ database, entries }: ChoiceOf, what: string): never {
  const good = goodOf(entries);
  const [newest, oldest] = [good[0], good.at(-1)];
  const there =
    newest === undefined || oldest === undefined
      ? 'There is none that could be restored.'
      : `There are ${good.length}, from ${nameOf(oldest)} to ${nameOf(newest)}.`;
  throw new AppError('backup-unknown', {
    field: 'backup',
    message: `${database} has ${what}. ${there}`,
    hint,
  });
}

const nameOf = ({ tag, completedAt }: Backup): string =>
  `${tag ?? 'one without a tag'} (${completedAt === null ? '' : new Date(completedAt).toISOString()})`;
