/**
 * What libp2p 3 takes for granted and Node 20 lacks. Imported for its effect by libp2p-node.ts, before libp2p.
 *
 * Promise.withResolvers (ECMAScript 2024) came with Node 22; libp2p calls it on every dial and every read.
 */
interface Resolvers<T> {
  promise: Promise<T>;
  resolve: (value: T | PromiseLike<T>) => void;
  reject: (reason?: unknown) => void;
}

const promises = Promise as unknown as { withResolvers?: <T>() => Resolvers<T> };

promises.withResolvers ??= <T>(): Resolvers<T> => {
  const resolvers = {} as Resolvers<T>;
  resolvers.promise = new Promise<T>((resolve, reject) => Object.assign(resolvers, { resolve, reject }));
  return resolvers;
};
