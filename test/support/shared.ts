/**
 * Public corpora and packages that lie beside the project (`../shared`). Tests over them are registered where they are; where they are
 * not, test/shared.test.ts is skipped once and names the files that hold them.
 */
import { existsSync } from 'node:fs'
import { describe, it, test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** The folder, with a slash at its end. */
export const sharedUrl = new URL('../../../shared/', import.meta.url)

/** Path of something in the folder. */
export const sharedPath = (name: string): string => fileURLToPath(new URL(name, sharedUrl))

/** Whether the folder is there. */
export const isShared = existsSync(sharedUrl)

const nothing = () => {}

/** node:test over the corpora. */
export const overShared: { describe: typeof describe; it: typeof it; test: typeof test } = isShared
  ? { describe, it, test }
  : Object.assign(Object.create(null), { describe: nothing, it: nothing, test: nothing })
