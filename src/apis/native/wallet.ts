import Type from 'typebox';
import type { Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { Count, words } from './schema-parts.ts';

const Rotation = Type.Object(
  {
    resealed: Count('Databases and credentials that were sealed again.'),
    kept_in: words(
      ['file', 'environment'],
      'Where the key is. environment: PUMPHOUSE_WALLET_KEY_PREVIOUS is needed no more.',
    ),
  },
  { $id: 'WalletRotation', description: 'The wallet has a new key, and nothing is sealed with the old one.' },
);

/** The key that seals what is secret. */
export const walletRoutes = (service: Service): readonly Route[] => [
  {
    method: 'POST',
    path: '/wallet/rotate',
    operationId: 'rotateWallet',
    summary: 'Exchange the key that seals the stored secrets',
    tags: ['credentials'],
    access: 'authenticated',
    responses: { 200: { description: 'Exchanged.', schema: Rotation } },
    async handle(request) {
      const { resealed, keptIn } = await service.rotateWallet(callContext(request));
      return { status: 200, body: { resealed, kept_in: keptIn } };
    },
  },
];
