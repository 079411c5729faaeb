"""A form of each kind and a code, synthetic."""

from dataclasses import replace

from proxy.desk.certificate.code import Code
from proxy.desk.certificate.form import Document, Form

CODE = Code(b"logs", 1, b"salt of a test")
DOCUMENT = Document(
    form=Form.CERTIFICATE,
    number="示公证字〔2026〕000001号",
    name="甲一",
    gender="男",
    nationality="中国",
    identity_kind="居民身份证",
    identity="110105200405100018",
    period="全时段",
    purpose="入职就业",
    unit="",
    letter="",
    organ="示例市公安局",
    issued_on="2026年11月28日",
    valid_until="2027年05月27日",
)
_BRIEF = replace(DOCUMENT, gender="", nationality="")
LETTER = replace(_BRIEF, form=Form.LETTER, unit="示例小学", letter="示函〔2026〕1号")
REFUSAL = replace(_BRIEF, form=Form.REFUSAL, valid_until="")

REQUEST = {
    "asked": "certificate",
    "applicant": {"kind": "self"},
    "person": {
        "name": "甲一",
        "gender": "male",
        "nationality": "中国",
        "identity_kind": "identity-card",
        "number": "110105200405100018",
    },
    "purpose": "employment",
}
UNIT = {
    "kind": "unit",
    "unit": "示例小学",
    "letter": "示函〔2026〕1号",
    "name": "钱办事",
    "number": "110105198001010016",
}
