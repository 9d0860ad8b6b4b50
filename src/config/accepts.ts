/** Which texts a setting takes, by its kind. */
import { accessSync, constants, mkdtempSync, rmdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isJurisdictionCode } from '../base/iso-3166.ts'
import { errorText, isSystemError } from '../base/system-error.ts'
import { storageUrlProblem } from '../storage/open.ts'
import { parseSnomedUri } from '../terminology/vocabularies/snomed/version-uri.ts'
import type { Kind, Setting } from './setting.ts'
import { workersProblem } from './workers-settings.ts'

/** Members of a list; `none` stands for an empty one. */
export function members(text: string | undefined): string[] {
  const all = (text ?? '').split(',').map((each) => each.trim())
  return all.filter((each) => each !== '' && each !== 'none')
}

/** Per kind: undefined when the text is fine, else what would be accepted. */
export const accepts: Record<Kind, (text: string, setting: Setting) => string | undefined> = {
  text: () => undefined,
  list: (text, { choices, memberProblem }) => {
    for (const member of members(text)) {
      const problem =
        choices?.includes(member) === false ? `one of ${choices.join(', ')} is wanted` : memberProblem?.(member)
      if (problem) return member === text ? problem : `of ${JSON.stringify(member)}: ${problem}`
    }
    return undefined
  },
  folder: folderProblem,
  store: storageUrlProblem,
  artefacts: artefactsProblem,
  workers: workersProblem,
  edition: (text) =>
    /^\d{6,18}$/.test(text) || parseSnomedUri(text)
      ? undefined
      : 'an edition of SNOMED CT is wanted: http://snomed.info/sct/<module>, or the module alone',
  token: (text) =>
    /^[A-Za-z0-9\-._~+/]+=*$/.test(text)
      ? undefined
      : 'letters, digits and -._~+/ without blanks are wanted, as they go into a header (RFC 6750, b64token)',
  port: (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65535 ? undefined : 'a number from 0 to 65535 is wanted'),
  count: (text) => (/^[1-9]\d{0,11}$/.test(text) ? undefined : 'a positive whole number is wanted'),
  bound: (text) =>
    text === 'off' || /^[1-9]\d{0,11}$/.test(text) ? undefined : 'a positive whole number or `off` is wanted',
  seconds: (text) => (/^\d{1,6}$/.test(text) ? undefined : 'a whole number of seconds is wanted'),
  share: (text) => (/^(0(\.\d{1,9})?|1(\.0{1,9})?)$/.test(text) ? undefined : 'a number from 0 to 1 is wanted'),
  switch: (text) => (text === 'true' || text === 'false' ? undefined : '`true` or `false` is wanted'),
  choice: (text, setting) =>
    setting.choices?.includes(text) ? undefined : `one of ${setting.choices?.join(', ')} is wanted`,
  country: (text) =>
    isJurisdictionCode(text.toUpperCase()) ? undefined : 'an ISO 3166-1 alpha-2 or alpha-3 code is wanted',
  url: (text) =>
    /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/.test(text) && URL.canParse(text)
      ? undefined
      : 'an http or https address without query and user is wanted',
}

/** The folder of a `file:` URL (RFC 8089), with what is percent-encoded in it decoded; undefined when it is the URL of none on this machine. */
export function folderOfUrl(text: string): string | undefined {
  if (!/^file:(?:\/\/)?\/[^/]/.test(text)) return undefined
  try {
    const url = new URL(text)
    return url.search === '' && url.hash === '' ? fileURLToPath(url) : undefined
  } catch {
    return undefined
  }
}

/** It is never made: under a misspelt path each replica would keep for itself what is meant for all. */
function artefactsProblem(text: string): string | undefined {
  const folder = folderOfUrl(text)
  if (folder === undefined) return 'an absolute folder is wanted: file:/folder'
  try {
    if (!statSync(folder).isDirectory()) return `${folder} is a file, and no folder`
    accessSync(folder, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return `a folder that is there and can be written to is wanted: ${errorText(error)}`
  }
}

/** Whether a folder is there and may be written to, or can be made: where it cannot is told now, and not by the first write. */
function folderProblem(text: string): string | undefined {
  const wanted = resolve(text)
  for (let folder = wanted; ; folder = dirname(folder)) {
    try {
      if (!statSync(folder).isDirectory()) return `${folder} is a file, and no folder`
      if (folder === wanted) accessSync(folder, constants.W_OK | constants.X_OK)
      else if (!mayMakeFolders(folder))
        return `a folder that can be written to is wanted; none can be made in ${folder}`
      return undefined
    } catch (error) {
      const isAbsent = isSystemError(error) && error.code === 'ENOENT'
      if (!isAbsent || folder === dirname(folder))
        return `a folder that can be written to is wanted: ${errorText(error)}`
    }
  }
}

/** Tried, and not asked: some file systems permit what they do not do. */
function mayMakeFolders(parent: string): boolean {
  try {
    rmdirSync(mkdtempSync(join(parent, '.vidimus-')))
    return true
  } catch (error) {
    if (isSystemError(error)) return false
    throw error
  }
}
