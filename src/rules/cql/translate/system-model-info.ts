/**
 * Model info of the CQL System types (CQL 1.5, "Types and CQL reference", appendix B; ELM model-info schema r1). The translator asks for
 * it as model `System`; no package ships it, so it is written out here.
 */
export const systemModelInfo = `<?xml version="1.0" encoding="UTF-8"?>
<modelInfo xmlns="urn:hl7-org:elm-modelinfo:r1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="System" version="1.0.0" url="urn:hl7-org:elm-types:r1" targetQualifier="system">
  <typeInfo xsi:type="SimpleTypeInfo" name="System.Any"/>
  <typeInfo xsi:type="SimpleTypeInfo" name="System.Boolean" baseType="System.Any"/>
  <typeInfo xsi:type="SimpleTypeInfo" name="System.Integer" baseType="System.Any"/>
  <typeInfo xsi:type="SimpleTypeInfo" name="System.Long" baseType="System.Any"/>
  <typeInfo xsi:type="SimpleTypeInfo" name="System.Decimal" baseType="System.Any"/>
  <typeInfo xsi:type="SimpleTypeInfo" name="System.String" baseType="System.Any"/>
  <typeInfo xsi:type="SimpleTypeInfo" name="System.Date" baseType="System.Any"/>
  <typeInfo xsi:type="SimpleTypeInfo" name="System.DateTime" baseType="System.Any"/>
  <typeInfo xsi:type="SimpleTypeInfo" name="System.Time" baseType="System.Any"/>
  <typeInfo xsi:type="ClassInfo" name="System.Quantity" baseType="System.Any">
    <element name="value" elementType="System.Decimal"/>
    <element name="unit" elementType="System.String"/>
  </typeInfo>
  <typeInfo xsi:type="ClassInfo" name="System.Ratio" baseType="System.Any">
    <element name="numerator" elementType="System.Quantity"/>
    <element name="denominator" elementType="System.Quantity"/>
  </typeInfo>
  <typeInfo xsi:type="ClassInfo" name="System.Code" baseType="System.Any">
    <element name="code" elementType="System.String"/>
    <element name="system" elementType="System.String"/>
    <element name="version" elementType="System.String"/>
    <element name="display" elementType="System.String"/>
  </typeInfo>
  <typeInfo xsi:type="ClassInfo" name="System.Concept" baseType="System.Any">
    <element name="codes">
      <elementTypeSpecifier xsi:type="ListTypeSpecifier" elementType="System.Code"/>
    </element>
    <element name="display" elementType="System.String"/>
  </typeInfo>
  <typeInfo xsi:type="ClassInfo" name="System.Vocabulary" baseType="System.Any">
    <element name="id" elementType="System.String"/>
    <element name="version" elementType="System.String"/>
    <element name="name" elementType="System.String"/>
  </typeInfo>
  <typeInfo xsi:type="ClassInfo" name="System.CodeSystem" baseType="System.Vocabulary"/>
  <typeInfo xsi:type="ClassInfo" name="System.ValueSet" baseType="System.Vocabulary">
    <element name="codesystems">
      <elementTypeSpecifier xsi:type="ListTypeSpecifier" elementType="System.CodeSystem"/>
    </element>
  </typeInfo>
</modelInfo>
`
