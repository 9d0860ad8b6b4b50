/**
 * Names under which the kinds of certificate keep events. One that stands where its kind does not have it would be signed,
 * shown to nobody and judged by nobody, or judged under another usage of the key (evaluate.md, Fail closed 1).
 */
const EVENT_MEMBER = /^(?:v|t|r|vaccine|vaccinations?|immuni[sz]ations?|tests?|testresults?|recover(?:y|ies))$/i

/** Whether members hold events that are not among those that their kind of certificate has. */
export function hasMisplacedEvents(members: string[], own: string[]): boolean {
  return members.some((name) => EVENT_MEMBER.test(name) && !own.includes(name))
}
