import { readFile } from 'node:fs/promises'

/** JSON-LD contexts by URL; the only documents a proof may refer to. */
export type Contexts = ReadonlyMap<string, object>

/** Reads shipped contexts, once: addresses, and the files that answer for them (contexts/LICENSE.md). Nothing is ever fetched. */
export function shippedContexts(files: Iterable<readonly [url: string, file: string]>): () => Promise<Contexts> {
  let loaded: Promise<Contexts> | undefined
  return () => {
    loaded ??= readContexts(files)
    return loaded
  }
}

async function readContexts(files: Iterable<readonly [url: string, file: string]>): Promise<Contexts> {
  const contexts = new Map<string, object>()
  for (const [url, file] of files)
    contexts.set(url, JSON.parse(await readFile(new URL(`contexts/${file}`, import.meta.url), 'utf8')))
  return contexts
}
