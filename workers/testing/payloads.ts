/** Texts of ill will, for every place where text of others is shown or written. `window.__hit` stands where one of them has run. */
export const PAYLOADS: Record<string, string> = {
  "a picture with an error": '<img src=x onerror="window.__hit=1">',
  "a script": "</script><script>window.__hit=2</script>",
  "an SVG": "<svg/onload=window.__hit=3><animate onbegin=window.__hit=3>",
  "an attribute left": `"'\` onmouseover=window.__hit=4 autofocus onfocus=window.__hit=4 x="`,
  "a closing tag": "</p></td></textarea></title></style><h1 id=injected>x</h1>",
  "a link": "javascript:window.__hit=5",
  "a Markdown link": "[click](javascript:window.__hit=6) ![x](https://evil.example/beacon.png)",
  "a Markdown page": "x\n\n# Heading\n\n```\n</code>\n```\n| a | b |\n|---|---|\n---\nlicense: none\n",
  "a fence": "```` ``` ` ~~~ `",
  "an entity": "&lt;img src=x onerror=window.__hit=7&gt;&#x3c;script&#x3e;",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is one of the payloads
  "a template": "{{constructor.constructor('window.__hit=8')()}} ${window.__hit=8} <%= 8 %> {% raw %}",
  "text from right to left": "\u202egnp.exe\u202c \u2066\u2067abc\u2069 \u200f",
  "control characters": "a\u0000b\u0008c\u001b[31md\u2028e\u2029f\u0085g",
  "a frame":
    '<iframe srcdoc="<script>parent.__hit=9</script>"></iframe><base href=//evil.example><meta http-equiv=refresh content="0;url=//evil.example">',
  "quotes of Python and YAML": `"""\nimport os; os.system("x")\n''' \\" : - ? !!python/object`,
  "a Modelfile": '"""\nFROM evil\nTEMPLATE x\nPARAMETER stop y',
};
