import { SingleBar } from 'cli-progress';
import { formatBytes, formatCounted, formatDuration } from './format.ts';

/** What a progress display needs to know, from any API. */
export interface ProgressFigures {
  readonly state: string;
  readonly percent: number;
  readonly bytesDone: number;
  /** An estimate until the job is done. */
  readonly bytesTotal: number;
  readonly rowsDone: number;
}

export interface ProgressDisplay {
  update(figures: ProgressFigures): void;
  /** Ends the display; nothing is drawn afterwards. */
  stop(): void;
}

type Output = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** How often plain output says something. */
const plainIntervalMs = 2_000;

/** A bar on a terminal, a line every two seconds elsewhere: percent, bytes, rows, rate, time left. */
export function createProgressDisplay(
  output: Output,
  title: string,
  now: () => number = Date.now,
): ProgressDisplay {
  const rate = createRate(now);
  return output.isTTY === true ? barDisplay(output, title, rate) : plainDisplay(output, title, rate, now);
}

function barDisplay(output: Output, title: string, rate: Rate): ProgressDisplay {
  const bar = new SingleBar({
    stream: output,
    format: `${title} [{bar}] {percent}% | {text}`,
    barsize: 28,
    formatValue: (value) => String(value),
    hideCursor: true,
    clearOnComplete: false,
    stopOnComplete: false,
    linewrap: false,
    etaBuffer: 1,
  });
  bar.start(1000, 0, { text: 'queued', percent: 0 });
  return {
    update: (figures) => {
      bar.update(Math.round(figures.percent * 10), {
        text: describe(figures, rate(figures)),
        percent: figures.percent.toFixed(0),
      });
    },
    stop: () => bar.stop(),
  };
}

function plainDisplay(output: Output, title: string, rate: Rate, now: () => number): ProgressDisplay {
  let last = Number.NEGATIVE_INFINITY;
  let state = '';
  return {
    update: (figures) => {
      const speed = rate(figures);
      if (figures.state === state && now() - last < plainIntervalMs) return;
      last = now();
      state = figures.state;
      output.write(`${title} ${figures.percent.toFixed(0)}% ${describe(figures, speed)}\n`);
    },
    stop: () => undefined,
  };
}

const describe = (figures: ProgressFigures, bytesPerSecond: number): string => {
  const left =
    bytesPerSecond > 0 ? Math.max(0, figures.bytesTotal - figures.bytesDone) / bytesPerSecond : null;
  return [
    figures.state,
    formatBytes(figures.bytesDone),
    formatCounted(figures.rowsDone, 'row'),
    `${formatBytes(bytesPerSecond)}/s`,
    `${formatDuration(left)} left`,
  ].join(' | ');
};

type Rate = (figures: ProgressFigures) => number;

/** Bytes per second over the last ten seconds. */
function createRate(now: () => number): Rate {
  const windowMs = 10_000;
  let samples: { readonly at: number; readonly bytes: number }[] = [];
  return ({ bytesDone }) => {
    const at = now();
    const recent = samples.filter((sample) => at - sample.at <= windowMs);
    // After a long silence the last sample is better than none.
    samples = [...(recent.length > 0 ? recent : samples.slice(-1)), { at, bytes: bytesDone }];
    const [first] = samples;
    return first === undefined || at === first.at
      ? 0
      : Math.max(0, ((bytesDone - first.bytes) * 1000) / (at - first.at));
  };
}
