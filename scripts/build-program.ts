/**
 * Makes dist/program.bin: the modules of the server without their types (src/cli/start/stripped-modules.ts). `npm ci` does it (`prepare`);
 * a module that has changed since is stripped by Node when it is loaded, as all are where the file is absent.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join, resolve } from 'node:path'
import { packStripped, strippedFile } from '../src/cli/start/stripped-modules.ts'
import { writeWhole } from '../src/files/whole-file.ts'

const source = resolve(import.meta.dirname, '../src')

/** Paths of the server's modules from src/; what browsers run is bundled apart. */
export function serverModules(): string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !/^console[/\\]/.test(path))
    .sort()
}

/** A module with its text as Node makes it: each type is as many spaces, so that every line and column stays. */
export function strip(path: string): { source: Buffer; stripped: string } {
  const bytes = readFileSync(join(source, path))
  return { source: bytes, stripped: stripTypeScriptTypes(bytes.toString()) }
}

if (import.meta.main) {
  // That stripping is an experiment of Node is no news: it does so itself with every file here.
  process.removeAllListeners('warning')
  const modules = serverModules()
  await writeWhole(strippedFile, packStripped(modules.map(strip)))
  console.log(`${strippedFile}: ${modules.length} modules`)
}
