import type { Results } from './results.js';
import { table } from './table.js';

const section = /(?<=<!-- what follows is written by `npm run bench` -->\n).*(?=<!-- end of what is written -->)/s;

/** The page with these results in the place that is kept for them. */
export function withLastRun(page: string, { at, machine, rows }: Results): string {
  if (!section.test(page)) throw new Error('the page has no place for results');
  const where = `${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GiB, Node ${machine.node.slice(1)}, ${at.slice(0, 10)}.`;
  return page.replace(section, () => `\n${where}\n\n\`\`\`\n${table(rows)}\n\`\`\`\n\n`);
}
