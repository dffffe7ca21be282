import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Backup, type BackupProof, isGood } from './backup.ts';

/** `d+`: a digest proof that went well; `r-`: a restore that failed. */
const proofs = (words: string): readonly BackupProof[] =>
  words
    .split(' ')
    .filter((word) => word !== '')
    .map((word, at) => ({
      method: word.startsWith('r') ? 'restore' : 'digest',
      at,
      ok: word.endsWith('+'),
      message: word,
      jobId: String(at),
    }));

it('a backup is as good as its newest proof says, and whole files do not outweigh a restore that failed', () => {
  const good = (words: string): boolean =>
    isGood({ state: 'completed', proofs: proofs(words) } as unknown as Backup);
  for (const words of ['', 'd+', 'r+', 'd- d+', 'd- r+', 'r- r+', 'r- d- r+ d+'])
    assert.ok(good(words), words);
  for (const words of ['d-', 'r-', 'd+ d-', 'r+ d-', 'd+ r-', 'r- d+', 'r+ r- d+ d+', 'r- d- d+'])
    assert.ok(!good(words), words);
});
