/** The Prometheus text of one of several processes; null when it did not answer. */
export interface ProcessMetrics {
  number: number;
  text: string | null;
}

/** What is read from records and queue, which all processes share: told once, or a sum would count it again and again. */
const ofAllServers = new Set([
  'laneway_queue_depth',
  'laneway_runs_recorded',
  'laneway_runs_drift',
  'laneway_runs_queued',
  'laneway_dead_letters',
]);

/**
 * The numbers of several processes as one text: each with the label `process`, so that a counter that begins anew with its
 * process is seen as that, and what all share once, as the first tells it.
 */
export function mergeMetrics(all: readonly ProcessMetrics[]): string {
  const families = new Map<string, { head: string[]; samples: string[] }>();
  for (const [index, { number, text }] of all.entries()) {
    for (const { name, head, samples } of readFamilies(text ?? '')) {
      const isShared = ofAllServers.has(name);
      if (isShared && index > 0) continue;
      const family = families.get(name) ?? { head, samples: [] };
      families.set(name, family);
      family.samples.push(...(isShared ? samples : samples.map((sample) => labelled(sample, number))));
    }
  }
  const up = all
    .toSorted((a, b) => a.number - b.number)
    .map(({ number, text }) => `laneway_process_up{process="${number}"} ${text === null ? 0 : 1}`);
  const texts = [...families.values()].map(({ head, samples }) => [...head, ...samples].join('\n'));
  return `${[...texts, ...upHead, ...up].join('\n')}\n`;
}

const upHead = [
  '# HELP laneway_process_up Whether a process of this server told its numbers.',
  '# TYPE laneway_process_up gauge',
];

interface Family {
  name: string;
  head: string[];
  samples: string[];
}

/** A family begins with its HELP; its samples follow until the next. */
function readFamilies(text: string): Family[] {
  const families: Family[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('# HELP ')) families.push({ name: line.split(' ', 3)[2]!, head: [line], samples: [] });
    else if (line.startsWith('#')) families.at(-1)?.head.push(line);
    else if (line !== '') families.at(-1)?.samples.push(line);
  }
  return families;
}

/** Label values may hold blanks and braces, names may not: what comes first decides. */
function labelled(sample: string, number: number): string {
  const end = sample.search(/[{ ]/);
  const [name, rest] = [sample.slice(0, end), sample.slice(end)];
  const label = `process="${number}"`;
  return rest.startsWith('{') ? `${name}{${label},${rest.slice(1)}` : `${name}{${label}}${rest}`;
}
