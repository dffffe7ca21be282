/** What was said before is not said again for so long. */
const usualMs = 60_000;

/**
 * Tells news from repeats, so that what fails many times a second for one reason fills no log.
 * @returns whether this was not asked in the last minute (`againMs`)
 */
export function createRepeats(
  againMs = usualMs,
  now: () => number = () => performance.now(),
): (what: string) => boolean {
  const said = new Map<string, number>();
  return (what) => {
    const at = now();
    for (const [known, last] of said) if (at - last > againMs) said.delete(known);
    if (said.has(what)) return false;
    said.set(what, at);
    return true;
  };
}
