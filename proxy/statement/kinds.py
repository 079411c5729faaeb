"""The closed list of syntax that is understood: node kinds, and in each kind its fields.

What is not listed is refused: a kind or a field that a later grammar adds means nothing here until
somebody has read what it does. Source: PostgreSQL's ``parsenodes.h`` and ``primnodes.h``.
"""

from __future__ import annotations

from collections.abc import Iterator

from proxy.statement.tree import Json, nodes

_KINDS: dict[str, str] = {
    # statements
    "SelectStmt": "all distinctClause fromClause groupClause groupDistinct havingClause intoClause"
    " larg limitCount limitOffset limitOption lockingClause op rarg sortClause targetList"
    " valuesLists whereClause windowClause withClause",
    "InsertStmt": "cols onConflictClause override relation returningList selectStmt withClause",
    "UpdateStmt": "fromClause relation returningList targetList whereClause withClause",
    "DeleteStmt": "relation returningList usingClause whereClause withClause",
    "CopyStmt": "attlist is_from options query relation",
    "TransactionStmt": "chain kind location options savepoint_name",
    "VariableSetStmt": "args is_local kind name",
    "VariableShowStmt": "name",
    "DiscardStmt": "target",
    "DeallocateStmt": "isall location name",
    "ClosePortalStmt": "portalname",
    "DeclareCursorStmt": "options portalname query",
    "FetchStmt": "direction howMany ismove portalname",
    "PrepareStmt": "argtypes name query",
    "ExecuteStmt": "name params",
    "UnlistenStmt": "",
    "ExplainStmt": "options query",
    "MergeStmt": "joinCondition mergeWhenClauses relation returningList sourceRelation withClause",
    # temporary tables
    "CreateStmt": "if_not_exists oncommit relation tableElts",
    "CreateTableAsStmt": "if_not_exists into is_select_into objtype query",
    "DropStmt": "behavior missing_ok objects removeType",
    "TruncateStmt": "behavior relations restart_seqs",
    "IndexStmt": "accessMethod idxname if_not_exists indexParams nulls_not_distinct relation unique"
    " whereClause",
    "VacuumStmt": "rels",
    # clauses
    "WithClause": "ctes location recursive",
    "CommonTableExpr": "aliascolnames ctematerialized ctename ctequery location",
    "RangeVar": "alias inh location relname relpersistence schemaname",
    "RangeSubselect": "alias lateral subquery",
    "RangeFunction": "alias coldeflist functions is_rowsfrom lateral ordinality",
    "RangeTableFunc": "alias columns docexpr lateral location namespaces rowexpr",
    "RangeTableFuncCol": "coldefexpr colexpr colname for_ordinality is_not_null location typeName",
    "RangeTableSample": "args location method relation repeatable",
    "JoinExpr": "alias isNatural join_using_alias jointype larg quals rarg usingClause",
    "Alias": "aliasname colnames",
    "ResTarget": "indirection location name val",
    "MultiAssignRef": "colno ncolumns source",
    "SortBy": "location node sortby_dir sortby_nulls useOp",
    "WindowDef": "endOffset frameOptions location name orderClause partitionClause refname"
    " startOffset",
    "GroupingSet": "content kind location",
    "LockingClause": "lockedRels strength waitPolicy",
    "OnConflictClause": "action infer location targetList whereClause",
    "InferClause": "conname indexElems location whereClause",
    "IndexElem": "collation expr name nulls_ordering ordering",
    "DefElem": "arg defaction defname location",
    "ColumnDef": "collClause colname constraints is_local location typeName",
    "Constraint": "contype deferrable generated_when indexname initdeferred initially_valid"
    " is_enforced is_no_inherit keys location conname nulls_not_distinct options raw_expr"
    " skip_validation",
    "IntoClause": "colNames onCommit rel skipData",
    "MergeWhenClause": "commandType condition matchKind override targetList values",
    "TableLikeClause": "options relation",
    "VacuumRelation": "relation va_cols",
    # expressions
    "A_Expr": "kind lexpr location name rexpr rexpr_list_start rexpr_list_end",
    "A_Const": "boolval bsval fval isnull ival location sval",
    "A_ArrayExpr": "elements list_end list_start location",
    "A_Indices": "is_slice lidx uidx",
    "A_Indirection": "arg indirection",
    "A_Star": "",
    "BoolExpr": "args boolop location",
    "BooleanTest": "arg booltesttype location",
    "CaseExpr": "arg args defresult location",
    "CaseWhen": "expr location result",
    "CoalesceExpr": "args location",
    "CollateClause": "arg collname location",
    "ColumnRef": "fields location",
    "FuncCall": "agg_distinct agg_filter agg_order agg_star agg_within_group args func_variadic"
    " funcformat funcname location over",
    "GroupingFunc": "args location",
    "MinMaxExpr": "args location op",
    "NamedArgExpr": "arg argnumber location name",
    "NullTest": "arg location nulltesttype",
    "ParamRef": "location number",
    "RowExpr": "args location row_format",
    "SQLValueFunction": "location op typmod",
    "SetToDefault": "location",
    "SubLink": "location operName subLinkType subselect testexpr",
    "TypeCast": "arg location typeName",
    "TypeName": "arrayBounds location names setof typemod typmods",
    "XmlExpr": "args location name named_args op xmloption",
    # values
    "Integer": "ival",
    "Float": "fval",
    "String": "sval",
    "BitString": "bsval",
    "Boolean": "boolval",
    "List": "items",
}

_FIELDS: dict[str, frozenset[str]] = {
    kind: frozenset(names.split()) for kind, names in _KINDS.items()
}


def unknown_syntax(tree: Json) -> Iterator[str]:
    """``Kind`` or ``Kind.field`` for every piece of the tree outside the list."""
    for kind, body in nodes(tree):
        if kind.startswith("?"):
            # A list may hold a null element, printed ``{}``: DISTINCT without ON, ``a[:2]``.
            if body:
                yield kind
            continue
        known = _FIELDS.get(kind)
        if known is None:
            yield kind
        else:
            yield from (f"{kind}.{name}" for name in body if name not in known)
