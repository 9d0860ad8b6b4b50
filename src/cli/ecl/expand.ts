import type { Command } from 'commander'
import { badRequest } from '../../fhir/error.ts'
import type { SnomedContent } from '../../terminology/vocabularies/snomed/content.ts'
import { checkEcl } from '../../terminology/vocabularies/snomed/ecl/check-ecl.ts'
import { eclMembers } from '../../terminology/vocabularies/snomed/ecl/ecl.ts'
import { preferredDescription, usualDescription } from '../../terminology/vocabularies/snomed/provider/terms.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'
import { textOf } from './check.ts'
import { openRelease } from './release.ts'

interface Options {
  version?: string
  count: string
  offset: string
  language?: string
  json?: boolean
}

/** `vidimus ecl expand <expression>`: the concepts of an expression, a page of them. */
export function addExpand(ecl: Command, result: CommandResult): void {
  ecl
    .command('expand')
    .description('lists the concepts of an expression constraint; exit status 1 when it cannot be read or evaluated')
    .argument('<expression>', 'the expression, in brief or long syntax; - reads standard input')
    .option('--version <uri>', 'edition or version of SNOMED CT (default: the newest that was imported)')
    .option('--count <number>', 'how many are listed', '100')
    .option('--offset <number>', 'how many are passed over first', '0')
    .option('--language <tag>', 'language or dialect of the terms, e.g. en-GB or de')
    .option('--json', 'print concepts as JSON')
    .action(async (argument: string, options: Options) => {
      const content = await openRelease(options.version)
      if (!content)
        throw badRequest('No release of SNOMED CT was imported: `vidimus import --snomed <folder or .zip>`.')
      const text = await textOf(argument)
      const { remarks } = checkEcl(text, content)
      for (const each of remarks) console.error(`${each.line}:${each.column} ${each.severity}: ${each.text}`)
      if (remarks.some((each) => each.severity === 'error')) result.exitCode = exitCodes.negative
      else expand(content, text, options)
    })
}

function expand(content: SnomedContent, text: string, options: Options): void {
  const [from, count] = [numberOf('offset', options.offset), numberOf('count', options.count)]
  const members = eclMembers(content, text)
  const concepts = Array.from(members.subarray(from, from + count), (concept) => ({
    code: content.idOf(concept),
    display: displayOf(content, concept, options.language),
    ...(!content.isActive(concept) && { inactive: true }),
  }))
  if (options.json) {
    console.log(JSON.stringify({ release: content.version, total: members.length, concepts }, undefined, 2))
    return
  }
  for (const { code, display, inactive } of concepts)
    console.log(`${code} |${display}|${inactive ? ' (inactive)' : ''}`)
  console.log(`${concepts.length} of ${members.length} concepts of ${content.version}`)
}

function displayOf(content: SnomedContent, concept: number, language: string | undefined): string {
  const descriptions = content.descriptions(concept)
  const preferred = language === undefined ? undefined : preferredDescription(descriptions, language)
  return (preferred ?? usualDescription(descriptions))?.term ?? ''
}

function numberOf(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw badRequest(`--${name} takes a whole number from 0, not '${text}'.`)
  return Number(text)
}
