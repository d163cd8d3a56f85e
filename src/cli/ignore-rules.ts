/** Never of use to a function, or not meant to leave the machine; a line `!name` in `.lanewayignore` takes one back in. */
export const defaultIgnores = [
  '.git/',
  '.hg/',
  '.svn/',
  '.lanewayignore',
  '.DS_Store',
  '.env',
  '.env.*',
  '__pycache__/',
  '*.pyc',
  '**/node_modules/.bin/',
  '**/node_modules/.cache/',
  '**/node_modules/.package-lock.json',
];

interface Rule {
  pattern: RegExp;
  foldersOnly: boolean;
  keeps: boolean;
}

/**
 * The rules of `.lanewayignore`, as in .gitignore: the last one that fits decides, `!` takes back in, a slash at the end
 * means folders, a slash elsewhere ties the pattern to the packed folder, `*` `?` `[a-z]` stay within a name, `**` does not.
 */
export function readIgnoreRules(lines: readonly string[]): (path: string, isFolder: boolean) => boolean {
  const rules = lines.map(readRule).filter((rule) => rule !== null);
  return (path, isFolder) => {
    const rule = rules.findLast(({ pattern, foldersOnly }) => (isFolder || !foldersOnly) && pattern.test(path));
    return rule !== undefined && !rule.keeps;
  };
}

function readRule(line: string): Rule | null {
  const text = line.replace(/\r$/, '').replace(/(?<!\\)\s+$/, '');
  if (text === '' || text.startsWith('#')) return null;
  const keeps = text.startsWith('!');
  const body = (keeps ? text.slice(1) : text).replace(/\/$/, '');
  const tied = body.includes('/');
  const pattern = new RegExp(`^${tied ? '' : '(?:.*/)?'}${toPattern(body.replace(/^\//, ''))}$`, 's');
  return { pattern, foldersOnly: text.endsWith('/'), keeps };
}

function toPattern(glob: string): string {
  return glob.replace(/\\.|\*\*\/|\/\*\*$|\*+|\?|\[!?[^\]]+\]|[^A-Za-z0-9_\s/-]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '/**') return '/.*';
    if (part.startsWith('*')) return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.startsWith('[') && part.length > 1) return `[${part.slice(1, -1).replace(/^!/, '^').replaceAll('\\', '\\\\')}]`;
    return part.startsWith('\\') ? `\\${part.slice(1)}` : `\\${part}`;
  });
}
