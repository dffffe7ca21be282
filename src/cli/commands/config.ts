import { openConfigFolder } from '../../config/config-folder.ts';
import { findOption } from '../../config/options.ts';
import { AppError } from '../../core/errors.ts';
import { formatTable } from '../format.ts';
import type { CommandEnd, Session } from '../session.ts';

export async function listConfig(session: Session): Promise<CommandEnd> {
  const { reports } = session.options;
  session.show(reports, () =>
    formatTable(
      ['option', 'value', 'source'],
      reports.map(({ name, value, source }) => [name, value, source]),
    ),
  );
  return 'ok';
}

export async function getConfig(session: Session, name: string): Promise<CommandEnd> {
  const report = session.options.reports.find((candidate) => candidate.name === name);
  if (report === undefined) {
    throw new AppError('option-unknown', { message: `There is no option ${JSON.stringify(name)}.` });
  }
  session.show(report, () => report.value);
  return 'ok';
}

export async function setConfig(session: Session, name: string, value: string): Promise<CommandEnd> {
  const folder = openConfigFolder(session.options.values.config ?? '');
  await folder.set(name, value);
  const secret = findOption(name)?.[1].secret === true;
  session.show(
    { name, value: secret ? '[secret]' : value, file: folder.path },
    () => `${name} is set in ${folder.path}; a running service reads it at its next start.`,
  );
  return 'ok';
}

export async function deleteConfig(session: Session, name: string): Promise<CommandEnd> {
  const folder = openConfigFolder(session.options.values.config ?? '');
  if (!(await folder.delete(name))) {
    throw new AppError('option-unknown', {
      message: `${name} is not set in ${folder.path}.`,
      hint: 'See pumphouse config list for what is set where.',
    });
  }
  session.show({ deleted: name }, () => `${name} is no longer set in ${folder.path}.`);
  return 'ok';
}
