import type { CommandEnd, Session } from '../session.ts';

interface Rotation {
  readonly resealed: number;
  readonly kept_in: string;
}

export async function rotateWallet(session: Session): Promise<CommandEnd> {
  const client = await session.client();
  const rotation = await client.json<Rotation>({ method: 'POST', path: '/api/v1/wallet/rotate' });
  session.show(rotation, () =>
    [
      `Sealed ${rotation.resealed} secrets with the new key.`,
      rotation.kept_in === 'environment'
        ? 'PUMPHOUSE_WALLET_KEY_PREVIOUS is needed no more: take it out of the environment.'
        : 'The old key is gone from the key file.',
    ].join(' '),
  );
  return 'ok';
}
