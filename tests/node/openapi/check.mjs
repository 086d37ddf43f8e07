// Takes the description of a running gateway the way its users do: validates it, generates types from it, compiles
// client.ts with them strictly, and runs it against that gateway. A line of JSON for each step.
//   node openapi/check.mjs BASE_URL FOLDER
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Validator } from "@seriousme/openapi-schema-validator";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const [baseUrl, folder] = process.argv.slice(2);
const print = (step, got) => console.log(JSON.stringify({ step, got }));

const source = join(dirname(fileURLToPath(import.meta.url)), "client.ts");
const types = join(folder, "gateway.d.ts");
const program = join(folder, "client.mjs");

const document = await (await fetch(`${baseUrl}/openapi/v1.json`)).json();
const operations = Object.values(document.paths).flatMap(Object.values);
print("listed", {
  stream: Object.entries(document.paths).flatMap(([path, item]) => (path.startsWith("/api/v2/") ? Object.keys(item) : [])).length,
  all: operations.length,
  names: new Set(operations.map(({ operationId }) => operationId)).size,
  bare: operations.filter(({ tags, summary, responses }) => !tags?.length || !summary || Object.keys(responses).length < 2).length,
});
print("validated", await new Validator().validate(structuredClone(document)));

writeFileSync(types, astToString(await openapiTS(structuredClone(document))));
const compiled = ts.createProgram([source], {
  strict: true, noUncheckedIndexedAccess: true, noEmit: true, skipLibCheck: false,
  target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"], paths: { "#gateway": [types] }, types: ["node"],
  typeRoots: [join(dirname(source), "..", "node_modules", "@types")],
});
print("compiled", ts.getPreEmitDiagnostics(compiled).map(({ messageText, file, start }) =>
  `${file ? `${file.fileName}:${file.getLineAndCharacterOfPosition(start).line + 1} ` : ""}${ts.flattenDiagnosticMessageText(messageText, " ")}`));

const script = ts.transpileModule(ts.sys.readFile(source), { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } });
writeFileSync(program, script.outputText);
process.stdout.write(execFileSync(process.execPath, [program, baseUrl], { timeout: 60_000 }));
