#!/usr/bin/env node
// The way in, in plain JavaScript: a first file in TypeScript would have Node load its compiler for it, 6 MB of text and program that
// stay in memory as long as the process does. All others have been stripped of their types already and come from the cache.
// An older Node must get so far: it has neither `enableCompileCache` by name nor a way to read the others.
import nodeModule from 'node:module'
import { join } from 'node:path'

if (Number.parseInt(process.versions.node, 10) < 24) {
  const how = 'Start it with `npm run -s vidimus -- …` (or `npm start`), which takes the one that `npm ci` has installed.'
  console.error(`vidimus needs Node 24 or later, and this is ${process.versions.node}. ${how}`)
  process.exit(2)
}
nodeModule.enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/vidimus'))
try {
  await import('./main.ts')
} catch (error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !/^Cannot find package/.test(error.message)) throw error
  console.error(`${error.message.split(' imported')[0]}; packages are not installed, or are those of another version: run \`npm ci\`.`)
  process.exitCode = 2
}
