import Fastify, { type FastifyInstance, type RouteOptions } from "fastify";
import type { Schema } from "./schema-table.ts";

/** A route as the code declares it. */
export type RegisteredRoute = {
  /** `POST /v1/parcels` */
  readonly name: string;
  readonly body: Schema | undefined;
  readonly headers: Schema | undefined;
  /** Schemas of good answers by status. */
  readonly answers: Readonly<Record<string, Schema>>;
};

/** What a route-making function registers. Handlers are never called. */
export async function registeredRoutes(
  register: (app: FastifyInstance) => void | Promise<void>,
): Promise<readonly RegisteredRoute[]> {
  const app = Fastify({ exposeHeadRoutes: false });
  const routes: RegisteredRoute[] = [];
  app.addHook("onRoute", (route: RouteOptions) => {
    for (const method of [route.method].flat()) {
      routes.push({
        name: `${method} ${route.url}`,
        body: route.schema?.body as Schema | undefined,
        headers: route.schema?.headers as Schema | undefined,
        answers: (route.schema?.response ?? {}) as Readonly<Record<string, Schema>>,
      });
    }
  });
  await register(app);
  await app.close();
  return routes;
}

/** Every route in its order with what `meanings` says of it; throws when one says nothing, or says something of none. */
export function explained<T>(
  routes: readonly RegisteredRoute[],
  meanings: Readonly<Record<string, T>>,
): readonly (RegisteredRoute & { readonly meaning: T })[] {
  const unknown = Object.keys(meanings).filter((name) => !routes.some((route) => route.name === name));
  if (unknown.length > 0) throw new Error(`there is no route ${unknown.join(", ")}`);
  return routes.map((route) => {
    const meaning = meanings[route.name];
    if (meaning === undefined) throw new Error(`${route.name} has no meaning; explain it`);
    return { ...route, meaning };
  });
}
