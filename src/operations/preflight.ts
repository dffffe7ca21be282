import type { Finding } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { TaskContext } from '../jobs/handler.ts';

/**
 * Writes the findings to the job's log; a red one stops the job.
 * @throws AppError preflight-failed with all red findings
 */
export async function reportFindings(findings: readonly Finding[], context: TaskContext): Promise<void> {
  const noteworthy = findings.filter((finding) => finding.level !== 'green');
  await context.note(
    ...noteworthy.map((finding) => ({
      level: finding.level === 'red' ? ('error' as const) : ('warn' as const),
      event: 'finding' as const,
      message: `${finding.message} ${finding.remedy}`.trim(),
      data: { level: finding.level, check: finding.check },
    })),
  );
  const red = noteworthy.filter((finding) => finding.level === 'red');
  if (red.length > 0) {
    throw new AppError('preflight-failed', {
      message: red.map((finding) => finding.message).join(' '),
      hint: red.map((finding) => finding.remedy).join(' '),
    });
  }
}
