/** The part of `@lhncbc/ucum-lhc` that is used; the package has no types of its own. */
declare module '@lhncbc/ucum-lhc' {
  export interface UcumParser {
    validateUnitString(
      unit: string,
      suggest: boolean,
    ): { status: string; ucumCode: string | null; unit?: { name?: string | number } }
    convertToBaseUnits(unit: string, value: number): { status: string; unitToExp?: Record<string, number> }
  }
  const ucumPackage: { UcumLhcUtils: { getInstance(): UcumParser } }
  export default ucumPackage
}
