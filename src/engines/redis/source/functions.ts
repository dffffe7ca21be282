import type { DdlObject } from '../../../core/catalogue.ts';
import { connect } from '../client/connection.ts';
import { RedisError, type Reply, replyItems, replyText } from '../client/reply.ts';
import type { RedisTarget } from '../database-url.ts';
import { functionType } from '../target/functions.ts';
import type { ReadingPlace } from './reading-places.ts';

/**
 * The libraries of functions of a database, whose statements are their sources: every server of a cluster has all of them. Empty where functions are not known.
 * @param onRefusal told when the server does not let us see them
 */
export async function readFunctions(
  target: RedisTarget,
  place: ReadingPlace,
  onRefusal: (reason: string) => void,
  signal: AbortSignal,
): Promise<readonly DdlObject[]> {
  await using connection = await connect(target, place.address, signal);
  let libraries: readonly Reply[];
  try {
    libraries = replyItems(await connection.call(['FUNCTION', 'LIST', 'WITHCODE'], signal));
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    if (error.code === 'NOPERM') onRefusal(error.message);
    // Servers before 7.0 have none.
    return [];
  }
  return libraries.map((library) => {
    const members = replyItems(library);
    const member = (name: string): string =>
      replyText(members[members.findIndex((each) => replyText(each) === name) + 1]);
    return {
      section: 'pre',
      type: functionType,
      schema: null,
      name: member('library_name'),
      table: null,
      owner: null,
      sql: member('library_code'),
    };
  });
}
