import type { FastifyInstance } from 'fastify';

/** Remembers which paths have a route, so that a wrong method can be told from an unknown path. */
export function keepRouteTable(app: FastifyInstance): void {
  const routes: { methods: Set<string>; path: RegExp }[] = [];
  app.addHook('onRoute', (route) => {
    routes.push({ methods: new Set([route.method].flat()), path: pathPattern(route.url) });
  });
  app.decorate('servesPath', (method: string, path: string) =>
    routes.some((route) => route.methods.has(method) && route.path.test(path)),
  );
}

function pathPattern(url: string): RegExp {
  const parts = url.split(/(:[A-Za-z_]+|\*)/);
  const source = parts.map((part) => (part === '*' ? '.*' : part.startsWith(':') ? '[^/]+' : escapeForPattern(part)));
  return new RegExp(`^${source.join('')}$`);
}

function escapeForPattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
