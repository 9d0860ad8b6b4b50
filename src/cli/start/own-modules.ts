/**
 * How this software's own modules find each other: by their paths as they are written. Node would look for each of a thousand whether it
 * is there, whether it is a link, and which package it belongs to.
 */
import { registerHooks } from 'node:module'

const folder = new URL('../../', import.meta.url).href

/** Saves a fifth of the time that loading takes; a module that is not there is told when it is read. */
export function resolveOwnModules(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const isOwn = specifier.startsWith('.') && specifier.endsWith('.ts') && context.parentURL?.startsWith(folder)
      if (!isOwn) return next(specifier, context)
      return { url: new URL(specifier, context.parentURL).href, format: 'module-typescript', shortCircuit: true }
    },
  })
}
