/** The level that a version asks for, and what runs it. */
export type EchoKind = 'thread' | 'process' | 'confined' | 'python';

/** A function that answers its payload, as the files of a zip. Python runs at the server's usual level. */
export function echoFiles(kind: EchoKind, manifest: Record<string, unknown> = {}): Record<string, string> {
  if (kind === 'python') {
    return {
      'main.py': 'def main(args, context):\n    return args\n',
      'laneway.json': JSON.stringify({ runtime: 'python', entry: 'main.py', ...manifest }),
    };
  }
  return {
    'index.mjs': 'export default (payload) => payload;\n',
    'laneway.json': JSON.stringify({ isolation: kind, ...manifest }),
  };
}
